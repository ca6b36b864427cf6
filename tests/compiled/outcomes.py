"""Prints what this build of the core makes of the sample events, of generated ones and of the detectors' corpus.

`python -m tests.compiled.outcomes EVENTS`: one line an outcome. Everything but the build is the same in every run.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.detector_corpus import corpus
from pipeline.consent.files import Consents, read_consents
from pipeline.core.built import build
from pipeline.core.consent import normalise_id, parse_consent
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Outcome
from pipeline.core.ruling import Ruling
from pipeline.core.sanitize import sanitize
from pipeline.detect.engine import scan, scan_value
from pipeline.detect.scrub import scrub
from pipeline.ops.settings import load_settings
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.sandbox.generate import Generator, encode
from pipeline.workers.context import load_rules
from pipeline.workers.trial import trial_context

SAMPLES = DEMO_SETTINGS.parent / "samples"
NOW = 1_795_651_200_000
NUMBERS = (0, -1, 10, 2**53 + 1, 9_007_199_254_740_993.0, 10**600, 1e300, -0.0, 0.5, True, None, [1.5, 2], [0.25] * 64)


def main() -> None:
    settings = load_settings()
    policy, registry = load_rules(settings, DEMO_SETTINGS)
    context = trial_context(policy, registry, settings, NOW)
    line(f"build {build()}")
    consents, _ = read_consents(SAMPLES / "consent.ndjson")
    samples = (SAMPLES / "raw_events.ndjson").read_bytes().splitlines()
    show(samples, consents, context)
    generator = Generator(7, profiles=1_000, dirty=True, clock=lambda: NOW)
    invented = {
        normalise_id(each["profile_id"]): parse_consent(each["profile_id"].encode(), encode(each))
        for each in generator.consents()
    }
    events = list(generator.events(int(sys.argv[1])))
    show(map(encode, events), invented, context)
    show((encode_list(events[at : at + 50]) for at in range(0, len(events), 500)), invented, context)
    show((encode(odd(event, at)) for at, event in enumerate(events[:500])), invented, context)
    for sample in corpus()[::5]:
        seen = scan(sample.text)
        line([seen.text, [(found.detector.name, found.start, found.end) for found in seen.findings]])
        line(repr(scrub(sample.text)))
        line([(found.detector.name, found.path) for found in scan_value("note", {"a": [sample.text]})])


def line(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def encode_list(events: list[dict[str, Any]]) -> bytes:
    return b"[" + b",".join(map(encode, events)) + b"]"


def odd(event: dict[str, Any], at: int) -> dict[str, Any]:
    """Return an event whose numbers are as JSON allows them, and the types as clients confuse them."""
    value = NUMBERS[at % len(NUMBERS)]
    properties = dict.fromkeys(event["properties"], value)
    return event | {"properties": properties, "time": value if at % 7 == 0 else event["time"]}


def show(raws: "Iterator[bytes] | list[bytes] | map[bytes]", consents: Consents, context: Context) -> None:
    for raw in raws:
        for outcome in sanitize(raw, consents, context):
            line(written(outcome))


def written(outcome: Outcome) -> str:
    fields: dict[str, Any] = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    ruling = fields.get("ruling")
    if isinstance(ruling, Ruling):
        fields["ruling"] = [ruling.stripped, ruling.withheld, ruling.unknown, ruling.alarms, ruling.unregistered]
    if isinstance(outcome, Clean):
        fields["value"] = outcome.value.decode()
    return json.dumps([type(outcome).__name__, fields], default=repr, sort_keys=True)


if __name__ == "__main__":
    main()
