"""What the stand-in remembers of each request."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in, and what became of it.

    `headers` have lower-case names, and of `authorization` only the scheme. `body_bytes` is the size after
    decompression, `wire_bytes` before. `status` is None where the connection was broken instead of answered.
    `time` is in seconds since the epoch by the stand-in's clock.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    wire_bytes: int
    body_bytes: int
    events: int
    status: int | None
    time: float
    peer: str
