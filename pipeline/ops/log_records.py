"""What of a log record may be written: the one place that decides."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from structlog.typing import EventDict

OWN = "pipeline"

# Counts, coordinates, closed enumerations, names out of our own configuration; nothing that an event holds.
FIELDS = frozenset(
    {
        "actual",
        "address",
        "attempt",
        "batches",
        "bind",
        "broker",
        "bytes",
        "check",
        "cohort",
        "committed",
        "consumed",
        "count",
        "delay_s",
        "end",
        "error_type",
        "exit_code",
        "expected",
        "first_offset",
        "generation",
        "group",
        "host",
        "in_flight",
        "interval_s",
        "kind",
        "lag",
        "last_offset",
        "limit",
        "listening",
        "metric",
        "offset",
        "partition",
        "partitions",
        "pid",
        "policy_version",
        "port",
        "reason",
        "received",
        "records",
        "region",
        "requests",
        "result",
        "role",
        "seconds",
        "sent",
        "setting",
        "sha256",
        "signal",
        "size",
        "state",
        "status",
        "status_class",
        "step",
        "timeout_s",
        "topic",
        "topics",
        "version",
        "waited_s",
        "where",
        "why",
        "worker",
    }
)
TEXT_LIMIT = 200
LIST_LIMIT = 64
EVENT = re.compile(r"[A-Za-z][A-Za-z ,;:/()'._-]{0,119}")
FRAMES_LIMIT = 12
DEPTH_LIMIT = 8
MODE_PREFIX = re.compile(r"\[\^-*[^\]]*\]: ")
_LOGGING_FILES = ("logging/__init__.py", "mode/utils/logging.py", "ops/logging.py", "ops/log_records.py")


class CleanEvent(dict[str, Any]):
    """Fields that passed `clean_event`; a plain dict as a message comes from elsewhere and did not."""


class Template(NamedTuple):
    """The literal text of a record, or None if it was composed at run time, and where it was logged."""

    text: str | None
    where: str


def is_own(name: str) -> bool:
    """True for loggers of this package."""
    return name == OWN or name.startswith(OWN + ".")


def clean_event(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Keep the fixed text and the fields that are allowed; count the rest as `fields_withheld`.

    The text must look like fixed words (no digits, no quotes, no `@`), so that one with a value formatted
    into it is most likely withheld as well.
    """
    text = event.pop("event", None)
    error = _exception_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    clean: EventDict = {}
    withheld = len(event.pop("positional_args", ()))
    for name, value in event.items():
        if name in FIELDS and _is_plain_or_list(value):
            clean[name] = value
        else:
            withheld += 1
    if isinstance(text, str) and EVENT.fullmatch(text):
        clean["event"] = text
    else:
        clean["event"] = "text withheld"
        withheld += 1
    if withheld:
        clean["fields_withheld"] = withheld
    if error is not None:
        clean.update(describe(error))
    return clean


def describe(error: BaseException) -> dict[str, list[str]]:
    """Type names of an exception and its causes, and the code locations of its traceback, innermost last."""
    return {
        "exception": _type_names(error, 0),
        "traceback": list(_locations(error.__traceback__))[-FRAMES_LIMIT:],
    }


def find_template(record: logging.LogRecord) -> Template:
    """Find out what a record says without its values.

    A library may format a message before it logs it, and then it looks like a template without arguments. So
    a text counts only if it is a constant of the code that is logging, or a global constant of its module.
    """
    if isinstance(record.msg, CleanEvent):
        return Template(str(record.msg.get("event")), "")
    where = f"{short_path(record.pathname)}:{record.lineno}"
    if not isinstance(record.msg, str):
        return Template(None, where)
    prefix = MODE_PREFIX.match(record.msg)
    text = record.msg[prefix.end() :] if prefix else record.msg
    for depth, frame in enumerate(_callers()):
        if depth == 0:
            where = f"{short_path(frame.f_code.co_filename)}:{frame.f_lineno}"
        if _is_constant(text, frame):
            return Template(text, where)
    return Template(None, where)


class JsonFormatter(logging.Formatter):
    """One JSON object a record. Never calls `record.getMessage()`, which would put the arguments in."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record that passed `RateLimitFilter`."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, CleanEvent):
            line.update(record.msg)
        else:
            template: Template = getattr(record, "template", Template(None, ""))
            line["event"] = "text withheld" if template.text is None else template.text
            line["where"] = template.where
            error = _exception_of(record.exc_info)
            if error is not None:
                line.update(describe(error))
        suppressed = getattr(record, "suppressed", 0)
        if suppressed:
            line["suppressed"] = suppressed
        return json.dumps(line)


def _is_plain_or_list(value: object) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= LIST_LIMIT and all(_is_plain(item) for item in value)
    return _is_plain(value)


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT_LIMIT
    return value is None or isinstance(value, bool | int | float)


def _exception_of(info: object) -> BaseException | None:
    if isinstance(info, tuple):
        info = info[1] if len(info) > 1 else None
    elif info and not isinstance(info, BaseException):
        info = sys.exc_info()[1]
    return info if isinstance(info, BaseException) else None


def _type_names(error: BaseException, depth: int) -> list[str]:
    names = [f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")]
    if depth >= DEPTH_LIMIT:
        return names
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions[:DEPTH_LIMIT]:
            names += _type_names(part, depth + 1)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return names + _type_names(cause, depth + 1) if cause is not None else names


def _locations(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"{short_path(code.co_filename)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


def short_path(path: str) -> str:
    """The file and the two directories above it: enough to find the code, nothing about the machine."""
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _callers() -> Iterator[FrameType]:
    """Frames outside of the logging machinery, innermost first."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads files at every call
    seen = 0
    while frame is not None and seen < DEPTH_LIMIT:
        if not frame.f_code.co_filename.replace("\\", "/").endswith(_LOGGING_FILES):
            seen += 1
            yield frame
        frame = frame.f_back


def _is_constant(text: str, frame: FrameType) -> bool:
    code: CodeType = frame.f_code
    if any(type(constant) is str and constant == text for constant in code.co_consts):
        return True
    return any(name.isupper() and value == text for name, value in frame.f_globals.items() if type(value) is str)
