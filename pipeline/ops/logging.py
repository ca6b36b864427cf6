"""Structured logs that cannot hold what a child said or who it is.

One JSON object a line on standard error. Two kinds of record reach it:

- our own, through `get_logger`: a fixed text, and fields from an allow-list; others are counted, not written;
- those of libraries (Faust, aiokafka, asyncio): only the *template* of the message, never its arguments, and
  only if it stands literally in the calling code, since libraries format keys, values and exception texts
  into messages before they log them.

Of exceptions both keep the type names and the code locations, never the text.
"""

import logging
import sys
import threading
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.stdlib import BoundLogger, filter_by_level
from structlog.typing import EventDict

from pipeline.ops.log_records import (
    OWN,
    CleanEvent,
    JsonFormatter,
    clean_event,
    find_template,
    is_own,
    short_path,
)

INTERVAL_S, LONGEST_S = 5.0, 60.0
KEYS_LIMIT = 1024
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class RateLimitFilter(logging.Filter):
    """Lets one record of each (logger, level, template) through per interval, with the number it held back.

    The interval of a record doubles as long as some are held back, up to `longest_s`, and is `interval_s` again after
    one in which none was: a broker that is away makes a Kafka client log about a hundred errors a second, and what goes
    on for an hour is told every minute. Records of libraries below `library_level` are refused: debug ones print keys
    and values, and Faust says at info how each of its twenty services starts and stops. Each record that passes gets
    its `template` attached.
    """

    def __init__(
        self,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
        *,
        longest_s: float = LONGEST_S,
        library_level: int = logging.INFO,
    ) -> None:
        super().__init__()
        self._library_level = max(library_level, logging.INFO)
        self._interval_s = interval_s
        self._longest_s = longest_s
        self._clock = clock
        self._lock = threading.Lock()
        # when one was let through last, how many were held back since, and until how long after it
        self._seen: dict[tuple[str, int, str], tuple[float, int, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one record; runs in the logging call, so the caller's frames can be seen."""
        if record.levelno < self._library_level and not isinstance(record.msg, CleanEvent):
            return False
        template = find_template(record)
        key = (record.name, record.levelno, template.text or template.where)
        now = self._clock()
        with self._lock:
            last, held, interval = self._seen.get(key, (now - self._interval_s, 0, self._interval_s))
            if now - last < interval:
                self._seen[key] = (last, held + 1, interval)
                return False
            if len(self._seen) >= KEYS_LIMIT:
                self._forget(now)
            self._seen[key] = (now, 0, min(2 * interval, self._longest_s) if held else self._interval_s)
        record.template = template
        record.suppressed = held
        return True

    def _forget(self, now: float) -> None:
        """Bound the memory: drop what limits nothing any more, and everything if that is not enough."""
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] < seen[2]}
        if len(self._seen) >= KEYS_LIMIT:
            self._seen.clear()


class _Handler(logging.StreamHandler[Any]):
    """Standard error as it is at the time of the record; a failing record is named, never printed."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own
        """Replace the standard behaviour, which prints the record's arguments."""
        try:
            sys.stderr.write('{"level": "error", "event": "a log record could not be written"}\n')
        except (OSError, ValueError):
            return


def configure_logging(level: str = "info") -> None:
    """Send every log record of the process to standard error, and nothing else anywhere. May be called again.

    `level` is debug, info, warning or error; debug holds for our own loggers only. Faust must be started with
    `override_logging=False` and `redirect_stdouts=False`, or it replaces these handlers.
    """
    handler = _Handler()
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RateLimitFilter(library_level=logging.INFO if level == "debug" else logging.WARNING))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.INFO))
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
            if logger.level and not is_own(name):
                logger.setLevel(max(logger.level, logging.INFO))
    logging.getLogger(OWN).setLevel(_LEVELS[level])
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable
    warnings.showwarning = _log_warning


def get_logger(name: str) -> BoundLogger:
    """Return the logger `pipeline.<name>` (or `name`, if it starts so already).

    Log a fixed text, and what varies as fields: `log.info("partitions assigned", count=3)`. Safe to use even
    before `configure_logging`.
    """
    full = name if is_own(name) else f"{OWN}.{name}"
    logger = structlog.wrap_logger(
        logging.getLogger(full),
        processors=[filter_by_level, clean_event, _hand_over],
        wrapper_class=BoundLogger,
        context_class=dict,
    )
    return cast("BoundLogger", logger)


def _hand_over(_logger: Any, _name: str, event: EventDict) -> tuple[tuple[CleanEvent], dict[str, Any]]:
    return (CleanEvent(event),), {}


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, kind(), trace)  # not what it interrupted, which Python would print as well
        return
    get_logger("process").error("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        get_logger("process").error("uncaught exception in a thread", exc_info=args.exc_value)


def _log_unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        get_logger("process").error("exception in a destructor or callback", exc_info=args.exc_value)


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - may quote a value; where it came from is enough
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    where = f"{short_path(filename)}:{lineno}"
    get_logger("process").warning("python warning", kind=category.__name__, where=where)
