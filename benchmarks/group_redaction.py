"""The pure core on events whose free text is full of identifiers, beside two tools that redact, in the same run."""

import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.corpus_values import Maker
from benchmarks.events import SEED, Pool
from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.group_core import rate
from benchmarks.opponents.environment import compare
from benchmarks.site import Site
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.policy.vocabulary import Cohort
from pipeline.sandbox.generate import encode

NAMES: Final = (
    "core_dirty_events_per_s",
    "sentry_relay_events_per_s",
    "presidio_events_per_s",
    "core_dirty_over_presidio",
)
EVENTS: Final = 3_000
LONGEST: Final = 120  # characters of free text that may leave
ADULTS: Final = frozenset({Cohort.US_ADULT, Cohort.IN_ADULT})
SENTENCES: Final = (
    "Call {phone} or mail {email}. Aadhaar {aadhaar}, PAN {pan}, from {ip}",
    "{ip} kicked me, pan {pan}, write {email} or ring {phone}, aadhaar {aadhaar}",
    "my aadhaar {aadhaar} my pan {pan} phone {phone} {email} ip {ip}",
    "lost coins! {email}, {phone}. ID: {pan} / {aadhaar}, IP {ip}",
)
PARTS: Final = ("phone", "email", "aadhaar", "pan", "ip")


class Planted(NamedTuple):
    """An event. text: the free text in it; values: the identifiers in that text."""

    raw: bytes
    text: str
    values: tuple[str, ...]


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Time the core first, then the others on the same events, each in a process of its own."""
    pool = site.pool
    events = plant(pool)
    raws = [event.raw for event in events]
    core = [rate(lambda raw: sanitize(raw, pool.consents, pool.context), raws) for _ in range(site.scale.core_rounds)]
    ours = Figure(
        NAMES[0],
        tuple(core),
        "One core running Python: the text is scanned as it is and again when it is scrubbed, and some eleven"
        " detectors that the prefilter names search it one after the other.",
        {
            "events": len(events),
            "bytes_per_raw_event": round(sum(map(len, raws)) / len(raws)),
            "characters_of_free_text": round(sum(len(event.text) for event in events) / len(events)),
            **_outcomes(pool, events),
        },
    )
    yield ours
    if wanted == {NAMES[0]}:
        return
    site.say("the same events through the other tools")
    with tempfile.TemporaryDirectory(prefix="coppice-bench-") as directory:
        file = Path(directory) / "events.jsonl"
        file.write_text("".join(_line(event) for event in events), encoding="utf-8")
        relay = compare("relay_speed", file)
        yield _figure(
            NAMES[1],
            relay,
            "Reading its rules in each call, then its patterns: the counts say what it does with many events in a call,"
            " and with its pattern set @common alone.",
        )
        presidio = compare("presidio_speed", file)
    theirs = _figure(NAMES[2], presidio, "Every recogniser runs its patterns over every text, in Python.")
    yield theirs
    yield Figure(NAMES[3], (ours.value / theirs.value,), "See the two.")


def plant(pool: Pool) -> list[Planted]:
    """Return events of adults that may leave, each with five identifiers of its own in a registered free text.

    Raise NotMeasuredError when fewer leave than are wanted to be sure that it is redaction that is timed.
    """
    maker = Maker(random.Random(SEED))
    found: list[Planted] = []
    for (_, raw), clean in zip(pool.raw, pool.clean, strict=True):
        if clean.cohort in ADULTS and len(found) < EVENTS:
            event = _planted(json.loads(raw), maker)
            (outcome,) = sanitize(event.raw, pool.consents, pool.context)
            if isinstance(outcome, Clean):
                found.append(event)
    if len(found) < EVENTS // 10:
        raise NotMeasuredError("the free text of adults did not leave")
    return found


def _planted(event: dict[str, Any], maker: Maker) -> Planted:
    """Turn an event into feedback of the same person, with what the client's library adds to it."""
    text = "?" * (LONGEST + 1)
    values: dict[str, str] = {}
    while len(text) > LONGEST:
        phone = maker.phone_in() if maker.rng.getrandbits(1) else maker.phone_us()
        made = (phone, maker.email(), maker.aadhaar(), maker.pan(), maker.ipv4())
        values = dict(zip(PARTS, made, strict=True))
        text = maker.rng.choice(SENTENCES).format(**values)
    library = {name: value for name, value in event["properties"].items() if name[0] == "$" or name[:3] == "mp_"}
    said = {"rating": maker.rng.randint(1, 5), "comment": text}
    feedback = event | {"event": "feedback_submitted", "properties": said | library}
    return Planted(encode(feedback), text, tuple(values.values()))


def _outcomes(pool: Pool, events: Sequence[Planted]) -> dict[str, float]:
    """Count what the core makes of them: identifiers that cannot be read any more, texts that leave all the same."""
    gone = texts = 0
    for event in events:
        (outcome,) = sanitize(event.raw, pool.consents, pool.context)
        assert isinstance(outcome, Clean)
        left = outcome.value.decode()
        gone += sum(value not in left for value in event.values)
        texts += "comment" in json.loads(left)["properties"]
    count = len(events)
    return {"identifiers_removed_of_5": round(gone / count, 2), "texts_that_leave_redacted": round(texts / count, 3)}


def _line(event: Planted) -> str:
    return json.dumps({"raw": event.raw.decode(), "text": event.text, "planted": event.values}) + "\n"


def _figure(name: str, document: Mapping[str, Any], limits: str) -> Figure:
    return Figure(name, tuple(document["events_per_s"]), limits, document["counts"])
