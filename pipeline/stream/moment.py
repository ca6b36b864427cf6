"""A moment in milliseconds since the epoch, as digits in a key or header of a record."""

from typing import Final

PAST: Final = 0
"""What a moment that cannot be read stands for: it has come, so that whatever hangs on it stays."""

_DIGITS: Final = 15  # the year 9999 has them


def read_moment(value: bytes | None) -> int:
    """Return the moment that the digits name, `PAST` for anything else."""
    return int(value) if value is not None and value.isdigit() and len(value) <= _DIGITS else PAST
