"""An incident: what was about to leave, by coordinates and names but no value, and what is due to whom until when.

Clocks (R35): CERT-In Directions of 28 April 2022, (ii): six hours from noticing. DPDP Act s.8(6) with Rules r.7: people
concerned and the Board without delay, the Board in detail within 72 hours. COPPA has none; state law may.
Schema: schemas/incident.json.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

HOUR_MS: Final = 3_600_000


class Fix(StrEnum):
    """What becomes of the events that were held when the incident is closed."""

    REJECT = "reject"  # those in which something was found are rejected, the others are delivered
    DISCARD = "discard"  # all of the batches in which something was found are rejected
    RESEND = "resend"  # a false alarm: all are delivered


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """Offsets of one partition of the clean topic, both ends included; `events` of them were in the batch."""

    partition: int
    first_offset: int
    last_offset: int
    events: int


class Sent(Struct, frozen=True, forbid_unknown_fields=True):
    """What Mixpanel confirmed within one minute, from one partition."""

    minute: str
    partition: int
    first_offset: int
    last_offset: int
    events: int


class Found(Struct, frozen=True, forbid_unknown_fields=True):
    """One event in which something was found: where it lies, and names only."""

    partition: int
    offset: int
    kinds: tuple[str, ...]
    fields: tuple[str, ...]


class Duty(Struct, frozen=True, forbid_unknown_fields=True):
    """What is due. deadline: UTC; the moment of opening where the law says `without delay`."""

    to: str
    what: str
    law: str
    deadline: str


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """Who closed it, when, why, and what becomes of the held events."""

    at: str
    by: str
    reason: str
    held_events: Fix


class Task(Struct, forbid_unknown_fields=True):
    """One deletion at Mixpanel: its ids, the task's own id once Mixpanel has taken it, and how far it is since when."""

    ids: tuple[str, ...]
    tracking_id: str = ""
    status: str = ""
    at: str = ""


class Destination(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the events would have gone."""

    host: str
    project_id: str


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The policy in force."""

    version: str
    sha256: str


class Incident(Struct, forbid_unknown_fields=True, kw_only=True):
    """Everything that is known of one incident; times are UTC, ISO 8601.

    window: when Kafka got the first and the last event of the held batches. pseudonyms: of those in whose events
    something was found. sent_before: what the worker that found it had delivered in the hour before; it may hold the
    same, since nothing tells when the fault began.
    """

    id: str
    state: str
    opened_at: str
    region: str
    topic: str
    destination: Destination
    policy: Policy
    window: tuple[str, str]
    held: list[Span]
    found: list[Found]
    kinds: list[str]
    fields: list[str]
    pseudonyms: list[str]
    sent_before: list[Sent]
    duties: list[Duty]
    closing: Closing | None = None
    clean_up: list[Task] = field(default_factory=list)

    @property
    def opened_ms(self) -> int:
        """When it was opened, milliseconds since the epoch."""
        return to_ms(self.opened_at)

    def add(self, window: tuple[str, str], held: Iterable[Span], found: Sequence[Found], people: Iterable[str]) -> None:
        """Take in a further batch of the same region, or the same one again after a restart."""
        self.window = (min(self.window[0], window[0]), max(self.window[1], window[1]))
        self.held += [span for span in held if span not in self.held]
        known = {(each.partition, each.offset) for each in self.found}
        self.found += [each for each in found if (each.partition, each.offset) not in known]
        self.kinds = sorted({kind for each in self.found for kind in each.kinds})
        self.fields = sorted({name for each in self.found for name in each.fields})
        self.pseudonyms = sorted({*self.pseudonyms, *people})


def duties(opened_ms: int, region: str) -> list[Duty]:
    """Return what is due after an incident, by the time at which it is due."""
    now, six, three_days = (written(opened_ms + hours * HOUR_MS) for hours in (0, 6, 72))
    india = "for people in India, and for everybody whose data is processed in India (J14)"
    found = [
        Duty(
            "CERT-In",
            f"Report of a data breach or leak, {india}",
            "CERT-In Directions, 28 April 2022, (ii) and Annexure I",
            six,
        ),
        Duty(
            "each person concerned (a child's parent)",
            "Nature, extent, time and place, likely consequences, measures, what she can do, a contact",
            "DPDP Act s.8(6); Rules r.7(1)",
            now,
        ),
        Duty(
            "Data Protection Board of India",
            "Description of the breach: nature, extent, time and place, likely impact",
            "DPDP Rules r.7(2)(a)",
            now,
        ),
        Duty(
            "Data Protection Board of India",
            "Detail: facts, causes, mitigation, findings, remedy, report on the intimations to people",
            "DPDP Rules r.7(2)(b)",
            three_days,
        ),
    ]
    if region == "us":
        found.append(
            Duty(
                "counsel",
                "COPPA has no clock; state breach laws and the duty of 16 CFR 312.8 have to be looked at",
                "state law; 16 CFR 312.8",
                now,
            )
        )
    return sorted(found, key=lambda duty: duty.deadline)


def remaining(duty: Duty, now_ms: int) -> timedelta:
    """Return the time left for a duty; negative when it is over."""
    return timedelta(milliseconds=to_ms(duty.deadline) - now_ms)


def written(ms: int) -> str:
    """Write milliseconds since the epoch as UTC, ISO 8601, to the second."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_ms(text: str) -> int:
    """Read such a time. Raises ValueError for anything else."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) * 1000
