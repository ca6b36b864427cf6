"""The record on `suppressions`: a pseudonym whose queued events must not be delivered any more (R25, R26).

Where only marketing was taken back (R04, R06), or the end of the consent was brought forward, the record has a key of
its own. So it stands beside one for all events, in any order: neither replaces, weakens or lifts the other, and no
compaction can lose one of them for the other. A worker of before there were such keys finds them under no pseudonym.
"""

from enum import StrEnum
from typing import Final

import msgspec

from pipeline.stream.moment import read_moment

MARKETING_ONLY: Final = b"/marketing"
"""What follows on the pseudonym in a key, where only events for marketing are suppressed."""
FROM: Final = b"/from/"
"""What follows on it where all events are suppressed from a moment on: that moment, milliseconds since the epoch."""


class SuppressWhy(StrEnum):
    """What ended the right to deliver events that were judged before."""

    WITHDRAWN = "withdrawn"  # consent was withdrawn
    NARROWED = "narrowed"  # it does not cover analytics, disclosure or marketing any more
    MOVED = "moved"  # the person is under another region's law
    AGE_CHANGED = "age_changed"  # another age group, so that another person's consent counts
    UNREADABLE = "unreadable"  # what the consent service says, or this record itself, cannot be read
    ERASED = "erased"  # the consent service erased the profile
    REQUEST = "request"  # the person or a parent asked for it


class Suppression(msgspec.Struct, frozen=True):
    """A value of the topic. since: when it was made, milliseconds since the epoch."""

    since: int
    why: SuppressWhy


def key_for_marketing(pseudonym: bytes) -> bytes:
    """Return the key under which a pseudonym's events for marketing are suppressed."""
    return pseudonym + MARKETING_ONLY


def key_from(pseudonym: bytes, from_ms: int) -> bytes:
    """Return the key under which a pseudonym's events are suppressed from a moment on."""
    return pseudonym + FROM + b"%d" % from_ms


def parse_from(key: bytes) -> tuple[bytes, int] | None:
    """Return the pseudonym of a key, and from when on it is suppressed; None for a key that names no moment.

    A moment that cannot be read has come.
    """
    pseudonym, mark, moment = key.partition(FROM)
    if not mark:
        return None
    return pseudonym, read_moment(moment)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Suppression)


def encode_suppression(suppression: Suppression) -> bytes:
    """Return it as UTF-8 JSON."""
    return _encoder.encode(suppression)


def parse_suppression(value: bytes) -> Suppression | None:
    """Read a value; None if it cannot be read, which must suppress all the same."""
    try:
        return _decoder.decode(value)
    except ValueError:  # msgspec's and Unicode's errors are ValueErrors
        return None
