"""How fast Presidio redacts the benchmark's free texts: text in, text without what was found out.

    .venv-opponents/bin/python -m benchmarks.opponents.presidio_speed FILE

Its recognisers are called directly, without the engine around them and without any language model: no words are
split, and findings are neither ranked nor explained. That is less than a call of its engine costs. It is given the
free text alone, not the event.
"""

from collections.abc import Callable, Iterable
from functools import partial
from statistics import median
from typing import Any

import tldextract  # type: ignore[import-not-found]

from benchmarks.opponents.presidio_scan import recognisers, without
from benchmarks.opponents.timing import Dirty, given_events, print_result, rates, removed

EVENTS = 150
ROUNDS = 3
PLANTED = ("PHONE_NUMBER", "EMAIL_ADDRESS", "IN_AADHAAR", "IP_ADDRESS", "IN_PAN")


def redact(found: Iterable[Any], event: Dirty) -> str:
    """Return the text without what the recognisers find in it."""
    spans = []
    for recogniser in found:
        results = recogniser.analyze(event.text, recogniser.supported_entities, None)
        spans += [(result.start, result.end) for result in results or ()]
    return without(event.text, spans)


def main() -> None:
    # the list of public suffixes that comes with the package, instead of one from the network
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    events = given_events(EVENTS)
    every = list(recognisers())
    needed = [each for each in every if not set(PLANTED).isdisjoint(each.supported_entities)]
    work: Callable[[Dirty], str] = partial(redact, every)
    counts = {
        "events": len(events),
        "recognisers": len(every),
        "identifiers_removed_of_5": removed(work, events),
        "events_per_s_with_only_the_recognisers_of_what_is_planted": round(
            median(rates(partial(redact, needed), events, ROUNDS)), 1
        ),
    }
    print_result("presidio-analyzer", rates(work, events, ROUNDS), counts)


if __name__ == "__main__":
    main()
