import asyncio
import gc
import json
import logging
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mode.utils.logging import CompositeLogger

from pipeline.ops.log_records import FIELDS
from pipeline.ops.logging import configure_logging, get_logger

FORMAT_TEMPLATE = "a template in a global constant: %r"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def canary() -> str:
    """Made at run time, so that it is no constant of any code."""
    return f"canary{uuid.uuid4().hex}"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Logging as in a worker, put back afterwards; call it for the records since the last call."""
    root, own = logging.getLogger(), logging.getLogger("pipeline")
    before = (root.handlers[:], root.level, own.level, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    configure_logging("debug")

    def read() -> list[dict[str, Any]]:
        out, err = capsys.readouterr()
        assert out == ""
        return [json.loads(line) for line in err.splitlines()]

    yield read
    root.handlers[:], _, _, logging.raiseExceptions = before
    root.setLevel(before[1])
    own.setLevel(before[2])
    sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks


def fail(text: str) -> None:
    raise ValueError(text)


# --- nothing personal, whichever way it is logged -------------------------------------------------


def own_field(canary: str) -> None:
    get_logger("test").info("one", user=canary, password=canary, **{canary: 1})


def own_allowed_field_of_wrong_shape(canary: str) -> None:
    get_logger("test").info("one", topic={"user": canary}, count=[[canary]], reason=[{"x": canary}], why=canary * 20)


def own_text(canary: str) -> None:
    get_logger("test").info(f"user {canary} came")


def own_positional(canary: str) -> None:
    get_logger("test").info("one %s", canary)


def own_bound(canary: str) -> None:
    get_logger("test").bind(key=canary).warning("one", stack_info=True)


def own_exception(canary: str) -> None:
    try:
        fail(canary)
    except ValueError:
        get_logger("test").exception("one", user=canary)


def own_exception_with_cause_note_and_group(canary: str) -> None:
    try:
        try:
            fail(canary)
        except ValueError as exc:
            exc.add_note(canary)
            raise ExceptionGroup(canary, [KeyError(canary), exc]) from exc
    except ExceptionGroup as group:
        get_logger("test").error("one", exc_info=group)


def own_stdlib_logger(canary: str) -> None:
    logging.getLogger("pipeline.other").info("one %s", canary)


def foreign_arguments(canary: str) -> None:
    logging.getLogger("aiokafka").warning("one %s %r", canary, {"k": canary})


def foreign_formatted_text(canary: str) -> None:
    logging.getLogger("aiokafka").warning(f"one {canary}")  # noqa: G004


def foreign_percent_text(canary: str) -> None:
    logging.getLogger("aiokafka").warning("one %s" % canary, canary)  # noqa: G002, UP031


def foreign_dict(canary: str) -> None:
    logging.getLogger("aiokafka").warning({"event": canary, "topic": canary})


def foreign_object(canary: str) -> None:
    logging.getLogger("aiokafka").warning(ValueError(canary))


def foreign_wrong_number_of_arguments(canary: str) -> None:
    logging.getLogger("aiokafka").warning("one", canary, canary)  # noqa: PLE1205


def foreign_extra(canary: str) -> None:
    logging.getLogger("aiokafka").warning("one", extra={"template": canary, "suppressed": canary, "user": canary})


def foreign_exception(canary: str) -> None:
    try:
        fail(canary)
    except ValueError as exc:
        logging.getLogger("faust").exception("crashed: %r", exc, stack_info=True)  # noqa: TRY401


def foreign_debug(canary: str) -> None:
    logger = logging.getLogger("faust.topics")
    logger.setLevel(logging.DEBUG)
    logger.debug("send: topic=%r k=%r v=%r", canary, canary, canary)


def foreign_service_with_prefix(canary: str) -> None:
    logger = CompositeLogger(
        logging.getLogger("mode"), formatter=lambda _level, text, *_a, **_k: f"[^-{canary}]: {text}"
    )
    logger.warning("one %s", canary)
    logger.warning(f"one {canary}")  # noqa: G004


def foreign_own_handler(canary: str) -> None:
    logger = logging.getLogger("chatty")
    logger.addHandler(logging.StreamHandler(sys.stderr))
    configure_logging("info")
    logger.warning("one %s", canary)


def asyncio_forgotten_task(canary: str) -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.to_thread(fail, canary), name=canary)
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())


def python_warning(canary: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # catch_warnings puts back the hook on leaving, and keeps ours within
        warnings.warn(canary, UserWarning, stacklevel=1)


def uncaught_exception(canary: str) -> None:
    try:
        fail(canary)
    except ValueError as exc:
        sys.excepthook(type(exc), exc, exc.__traceback__)


def uncaught_in_thread(canary: str) -> None:
    thread = threading.Thread(target=fail, args=(canary,), name=canary)
    thread.start()
    thread.join()


def uncaught_in_destructor(canary: str) -> None:
    class Fails:
        def __del__(self) -> None:
            fail(canary)

    Fails()
    gc.collect()


ROUTES = [
    own_field,
    own_allowed_field_of_wrong_shape,
    own_text,
    own_positional,
    own_bound,
    own_exception,
    own_exception_with_cause_note_and_group,
    own_stdlib_logger,
    foreign_arguments,
    foreign_formatted_text,
    foreign_percent_text,
    foreign_dict,
    foreign_object,
    foreign_wrong_number_of_arguments,
    foreign_extra,
    foreign_exception,
    foreign_service_with_prefix,
    foreign_own_handler,
    asyncio_forgotten_task,
    python_warning,
    uncaught_exception,
    uncaught_in_thread,
    uncaught_in_destructor,
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_no_value_gets_out(route: Callable[[str], None], canary: str, lines: Lines) -> None:
    route(canary)
    records = lines()
    assert records, "the record itself must not be lost"
    assert canary not in json.dumps(records)


def test_debug_of_libraries_is_refused(canary: str, lines: Lines) -> None:
    foreign_debug(canary)
    assert lines() == []
    get_logger("test").debug("ours is fine")
    assert [record["event"] for record in lines()] == ["ours is fine"]


def test_record_that_cannot_be_written_is_not_printed_either(canary: str, lines: Lines) -> None:
    logging.getLogger("aiokafka").warning("one", extra={"suppressed": 3})
    record = logging.makeLogRecord({"msg": "x", "args": (canary,), "created": canary, "levelno": logging.ERROR})
    logging.getLogger().handle(record)
    records = lines()
    assert records[-1]["event"] == "a log record could not be written"
    assert canary not in json.dumps(records)


def test_before_configuration_nothing_gets_out_either(canary: str, caplog: pytest.LogCaptureFixture) -> None:
    get_logger("test").warning("one", user=canary, count=3)
    assert canary not in caplog.text
    assert "fields_withheld" in caplog.text


# --- what is written ------------------------------------------------------------------------------


def test_own_record(lines: Lines) -> None:
    get_logger("worker").info("partitions assigned", topic="events.raw", count=3, secret="x", lag=None)
    (record,) = lines()
    assert record.pop("time").endswith("+00:00")
    assert record == {
        "level": "info",
        "logger": "pipeline.worker",
        "event": "partitions assigned",
        "topic": "events.raw",
        "count": 3,
        "lag": None,
        "fields_withheld": 1,
    }


def test_logger_names_are_not_doubled(lines: Lines) -> None:
    get_logger("pipeline.stream.agent").info("one")
    get_logger("pipelines").info("two")
    assert [record["logger"] for record in lines()] == ["pipeline.stream.agent", "pipeline.pipelines"]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_each_allowed_field_is_written(name: str, lines: Lines) -> None:
    get_logger("test").info("one", **{name: ["a", 1]})
    (record,) = lines()
    assert record[name] == ["a", 1]
    assert "fields_withheld" not in record


def test_exception_keeps_types_and_places(canary: str, lines: Lines) -> None:
    own_exception_with_cause_note_and_group(canary)
    foreign_exception(canary)
    own, foreign = lines()
    assert own["exception"] == ["ExceptionGroup", "KeyError", "ValueError", "ValueError"]
    assert foreign["exception"] == ["ValueError"]
    assert [place.split(" ")[-1] for place in foreign["traceback"]] == ["foreign_exception", "fail"]
    assert foreign["traceback"][0].startswith("tests/ops/test_logging.py:")


def test_foreign_templates_are_kept(lines: Lines) -> None:
    logger = logging.getLogger("aiokafka.client")
    logger.error("Unable connect to node with id %s: %s", 1, "x")
    logger.error(FORMAT_TEMPLATE, 1)
    logger.info("no arguments")
    CompositeLogger(logger, formatter=lambda _level, text, *_a, **_k: f"[^--Consumer]: {text}").info("a %r service", 1)
    records = lines()
    assert [record["event"] for record in records] == [
        "Unable connect to node with id %s: %s",
        FORMAT_TEMPLATE,
        "no arguments",
        "a %r service",
    ]
    assert all(record["where"].startswith("tests/ops/test_logging.py:") for record in records)


def test_withheld_text_says_where_it_was_logged(canary: str, lines: Lines) -> None:
    foreign_formatted_text(canary)
    (record,) = lines()
    assert record["event"] == "text withheld"
    line = foreign_formatted_text.__code__.co_firstlineno + 1
    assert record["where"] == f"tests/ops/test_logging.py:{line}"


def test_level_holds_for_our_own_and_never_opens_debug_for_others(lines: Lines) -> None:
    configure_logging("warning")
    own, foreign = get_logger("test"), logging.getLogger("faust")
    own.info("hidden")
    foreign.info("hidden")
    own.warning("shown")
    foreign.warning("shown")
    assert [record["logger"] for record in lines()] == ["pipeline.test", "faust"]


def test_interrupt_keeps_its_usual_end(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "__excepthook__", lambda kind, _error, _trace: seen.append(kind))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert seen == [KeyboardInterrupt]
    assert lines() == []


def test_a_broker_outage_is_a_few_lines(lines: Lines) -> None:
    logger = logging.getLogger("aiokafka.cluster")
    for number in range(5000):
        logger.error("Unable to request metadata from node %s", number)
    assert len(lines()) < 100
