"""Check the envelope, the fields that the backend sets and every decision rests on."""

import math
import re
from typing import Any, Final

from pipeline.core.consent import normalise_id
from pipeline.core.identity import FORBIDDEN_IDS, FUTURE_MS
from pipeline.core.outcome import Rejected, RejectReason

SECONDS_BELOW: Final = 10**11  # as seconds this is the year 5138, as milliseconds 1973: no real time is ambiguous
# Mixpanel refuses what is before 1971, and would read our milliseconds of 1972 as seconds
OLDEST_MS: Final = SECONDS_BELOW
LONGEST_ID: Final = 256
LEAST_DIGITS: Final = 9
MOST_DIGITS: Final = 14
NUMERIC: Final = re.compile(r"[0-9]{9,14}(\.[0-9]{1,6})?")


class Envelope:
    """An event whose envelope can be judged; times in milliseconds since the epoch."""

    __slots__ = ("name", "profile", "properties", "received_ms", "time_ms")

    def __init__(self, name: str, profile: str, time_ms: int, received_ms: int, properties: dict[str, Any]) -> None:
        self.name: Final = name
        self.profile: Final = profile
        self.time_ms: Final = time_ms
        self.received_ms: Final = received_ms
        self.properties: Final = properties


def read_envelope(event: dict[str, Any], now_ms: int) -> Envelope | Rejected:
    """Read the envelope of one event, or say which field cannot be read."""
    name = event.get("event")
    if type(name) is not str or not name:
        return _absent_or_wrong(name, "event")
    profile = event.get("profile_id")
    if type(profile) is int:
        profile = str(profile)
    if type(profile) is not str:
        return _absent_or_wrong(profile, "profile_id")
    profile = _one_way(profile)
    if not profile:
        return Rejected(RejectReason.MISSING_FIELD, "profile_id")
    if profile.lower() in FORBIDDEN_IDS:
        return Rejected(RejectReason.FORBIDDEN_ID, "profile_id")
    if len(profile) > LONGEST_ID:
        return Rejected(RejectReason.WRONG_TYPE, "profile_id")
    time_ms = read_time(event.get("time"), now_ms, "time")
    if not isinstance(time_ms, int):
        return time_ms
    received_ms = read_time(event.get("received_at"), now_ms, "received_at")
    if not isinstance(received_ms, int):
        return received_ms
    properties = event.get("properties")
    if type(properties) is not dict:
        return _absent_or_wrong(properties, "properties")
    return Envelope(name, profile, time_ms, received_ms, properties)


def _one_way(profile: str) -> str:
    """Return what `normalise_id` does, without the call for an id that it would give back as it is."""
    return profile if profile.isascii() and profile == profile.strip() else normalise_id(profile)


def read_time(value: Any, now_ms: int, path: str) -> int | Rejected:
    """Read seconds or milliseconds since the epoch, a number or digits, as integer milliseconds."""
    if type(value) is int:
        return _in_range(value if value >= SECONDS_BELOW else value * 1000, now_ms, path)
    if type(value) is str:
        if LEAST_DIGITS <= len(value) <= MOST_DIGITS and value.isdigit() and value.isascii():
            whole = int(value)
            return _in_range(whole if whole >= SECONDS_BELOW else whole * 1000, now_ms, path)
        if not NUMERIC.fullmatch(value) or not value.isascii():
            return _absent_or_wrong(value, path)
        value = float(value)
    elif type(value) is float:
        if not math.isfinite(value):
            return Rejected(RejectReason.WRONG_TYPE, path)
    else:
        return _absent_or_wrong(value, path)
    if value < 0:  # also keeps the product below finite
        return Rejected(RejectReason.TIME_TOO_OLD, path)
    return _in_range(int(value) if value >= SECONDS_BELOW else round(value * 1000), now_ms, path)


def _in_range(millis: int, now_ms: int, path: str) -> int | Rejected:
    if millis < OLDEST_MS:
        return Rejected(RejectReason.TIME_TOO_OLD, path)
    if millis > now_ms + FUTURE_MS:
        return Rejected(RejectReason.TIME_IN_FUTURE, path)
    return millis


def _absent_or_wrong(value: Any, path: str) -> Rejected:
    absent = value is None or value == ""
    return Rejected(RejectReason.MISSING_FIELD if absent else RejectReason.WRONG_TYPE, path)
