"""Faults that the stand-in plays on request: answers of an ailing service, broken connections, delays."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_answers import Answer


class Connection(StrEnum):
    """What happens to the connection once the request has been read."""

    ANSWER = "answer"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do with one import request instead of, or before, answering it as usual.

    `delay_s` seconds pass first. With `store` the events are judged and kept as usual although the answer
    says otherwise, which is how duplicates arise. `shortfall` imports the request without its last events and
    says so in `num_records_imported`. With `lose` the events are judged and answered as usual, and kept nowhere: so it
    is where a project has another residency than the host. Without `answer` the answer is the usual one.
    """

    answer: Answer | None = None
    connection: Connection = Connection.ANSWER
    delay_s: float = 0.0
    store: bool = False
    shortfall: int = 0
    lose: bool = False

    @property
    def replaces_import(self) -> bool:
        """True if the events of the request are not even looked at."""
        return (self.answer is not None or self.connection is not Connection.ANSWER) and not self.store


FAULTS: Final[Mapping[str, Fault]] = {
    "unauthorized": Fault(answers.unauthorized()),
    "forbidden": Fault(answers.forbidden()),
    "too_large": Fault(answers.too_large(2_097_152)),
    "too_large_html": Fault(answers.html(413, "413 Request Entity Too Large")),
    "rate_limited": Fault(answers.rate_limited()),
    "internal_error": Fault(Answer(500, "internal server error", answers.TEXT_TYPE)),
    "bad_gateway": Fault(answers.html(502, "502 Bad Gateway")),
    "unavailable": Fault(Answer(503, "upstream connect error or disconnect/reset before headers", answers.TEXT_TYPE)),
    "html_ok": Fault(answers.html(200, "Welcome")),
    "short_count": Fault(shortfall=1),
    "whole_400": Fault(answers.wholly_refused("request could not be processed")),
    "close": Fault(connection=Connection.CLOSE),
    "reset": Fault(connection=Connection.RESET),
    "lost": Fault(lose=True),
    "slow": Fault(delay_s=1.0),
    "stored_but_500": Fault(Answer(500, "internal server error", answers.TEXT_TYPE), store=True),
    "stored_but_closed": Fault(connection=Connection.CLOSE, store=True),
}
"""The faults by name; each can be varied with the arguments of `named_fault`."""


def named_fault(
    name: str,
    *,
    delay_s: float | None = None,
    store: bool | None = None,
    retry_after: str | None = None,
    max_bytes: int | None = None,
) -> Fault:
    """Return the fault called `name`, varied: `retry_after` for a 429, `max_bytes` for the limit in a 413.

    Raises ValueError for a name that is not in FAULTS, and for an argument that the fault has no use for.
    """
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}: one of {', '.join(sorted(FAULTS))}")
    fault = FAULTS[name]
    if retry_after is not None:
        _require(name, "rate_limited", "retry_after")
        fault = replace(fault, answer=answers.rate_limited(retry_after))
    if max_bytes is not None:
        _require(name, "too_large", "max_bytes")
        fault = replace(fault, answer=answers.too_large(max_bytes))
    if delay_s is not None:
        fault = replace(fault, delay_s=delay_s)
    return fault if store is None else replace(fault, store=store)


def _require(name: str, only: str, argument: str) -> None:
    if name != only:
        raise ValueError(f"{argument} is for the fault {only!r}, not for {name!r}")


class FaultScript:
    """Faults in the order in which they will be played, one a request, and events that are always refused."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Fault, int | None]] = deque()
        self._refusals: list[tuple[Callable[[Mapping[str, Any]], bool], str]] = []

    def add(self, fault: Fault, times: int | None = 1) -> None:
        """Play `fault` for the next `times` requests after those already scripted; None: for all of them."""
        if times is None or times > 0:
            self._queue.append((fault, times))

    def refuse(self, predicate: Callable[[Mapping[str, Any]], bool], message: str) -> None:
        """Refuse every event for which `predicate` holds, with `message`, until cleared."""
        self._refusals.append((predicate, message))

    def take(self) -> Fault | None:
        """Return the fault for the request at hand, or None for none."""
        if not self._queue:
            return None
        fault, times = self._queue[0]
        if times == 1:
            self._queue.popleft()
        elif times is not None:
            self._queue[0] = (fault, times - 1)
        return fault

    def refusal(self, event: Mapping[str, Any]) -> str | None:
        """Return the scripted message for `event`, or None if it is judged by the rules alone."""
        return next((message for predicate, message in self._refusals if predicate(event)), None)

    def clear(self) -> None:
        """Forget everything that was scripted."""
        self._queue.clear()
        self._refusals.clear()
