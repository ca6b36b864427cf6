"""How fast Sentry Relay scrubs the benchmark's events: JSON in, JSON out, in its own compiled code.

    .venv-opponents/bin/python -m benchmarks.opponents.relay_speed FILE

The figure is of the rules that Relay applies to a project of which nobody has changed the data scrubbing settings, one
event a call, as its Python package is used. That package reads the rules again in every call. So the same is also timed
with many events in one call, and both with nothing but `@common`, the set of all patterns that Relay has built in.
"""

import json
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from sentry_relay.processing import convert_datascrubbing_config, pii_strip_event  # type: ignore[import-not-found]

from benchmarks.opponents.timing import Dirty, given_events, print_result, rates, removed

EVENTS = 1_000
ROUNDS = 3
TOGETHER = 50
UNCHANGED = {
    "scrubData": True,
    "scrubDefaults": True,
    "scrubIpAddresses": True,
    "sensitiveFields": [],
    "excludeFields": [],
}
COMMON = {"applications": {"$string": ["@common"]}}


def as_it_is(text: str) -> str:
    """Stand for Python's JSON on both sides of a call: rules and event are JSON, and JSON is what is wanted."""
    return text


def strip(rules: str, document: str) -> str:
    """Return the document scrubbed."""
    scrubbed: str = pii_strip_event(rules, document, json_dumps=as_it_is, json_loads=as_it_is)
    return scrubbed


def wrapped(*events: Dirty) -> str:
    """Return events as what Relay knows, an error report with data of the app's own."""
    return '{"extra":{"events":[' + ",".join(event.raw for event in events) + "]}}"


def strip_event(rules: str, event: Dirty) -> str:
    """Return an event scrubbed, as JSON."""
    return strip(rules, wrapped(event))


def main() -> None:
    events = given_events(EVENTS)
    alone = [wrapped(event) for event in events]
    count = len(events) - len(events) % TOGETHER
    together = [wrapped(*events[start : start + TOGETHER]) for start in range(0, count, TOGETHER)]
    counts: dict[str, Any] = {"events": len(events)}
    measured = {}
    for name, rules in (("default_rules", convert_datascrubbing_config(UNCHANGED)), ("common_rules", COMMON)):
        work: Callable[[str], str] = partial(strip, json.dumps(rules))
        measured[name] = rates(work, alone, ROUNDS)
        many = rates(work, together, ROUNDS, TOGETHER)
        counts[f"{name}_identifiers_removed_of_5"] = removed(partial(strip_event, json.dumps(rules)), events)
        counts[f"{name}_events_per_s"] = round(median(measured[name]))
        counts[f"{name}_events_per_s_{TOGETHER}_in_a_call"] = round(median(many))
    print_result("sentry-relay", measured["default_rules"], counts)


if __name__ == "__main__":
    main()
