"""The record on `suppressions`: a pseudonym whose queued events must not be delivered any more (R25, R26)."""

from enum import StrEnum

import msgspec


class SuppressWhy(StrEnum):
    """What ended the right to deliver events that were judged before."""

    WITHDRAWN = "withdrawn"  # consent was withdrawn
    NARROWED = "narrowed"  # it does not cover analytics or disclosure any more
    MOVED = "moved"  # the person is under another region's law
    AGE_CHANGED = "age_changed"  # another age group, so that another person's consent counts
    UNREADABLE = "unreadable"  # what the consent service says, or this record itself, cannot be read
    ERASED = "erased"  # the consent service erased the profile
    REQUEST = "request"  # the person or a parent asked for it


class Suppression(msgspec.Struct, frozen=True):
    """A value of the topic; its key is the pseudonym. since: when it was made, milliseconds since the epoch."""

    since: int
    why: SuppressWhy


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
