import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.ops.logging import RateLimitFilter


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Sink(logging.Handler):
    """Collects what the filter lets through."""

    def __init__(self, limit: RateLimitFilter) -> None:
        super().__init__()
        self.addFilter(limit)
        self.got: list[tuple[str, str, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.got.append((record.name, record.levelname, vars(record)["suppressed"]))


@contextlib.contextmanager
def limited(limit: RateLimitFilter) -> Iterator[Sink]:
    sink, parent = Sink(limit), logging.getLogger("limited")
    parent.setLevel(logging.INFO)
    parent.addHandler(sink)
    yield sink
    parent.removeHandler(sink)


def test_one_record_an_interval_with_the_number_held_back() -> None:
    clock = Clock()
    with limited(RateLimitFilter(5.0, clock)) as sink:
        logger = logging.getLogger("limited.a")
        for step in (0.0, 1.0, 3.9, 0.2, 4.9, 5.1):
            clock.now += step
            logger.error("node %s is away", clock.now)
    # at 0; at 1 and 4.9 held; at 5.1 with 2; at 10.0 held; at 15.1, an interval twice as long later, with 1
    assert [held for _, _, held in sink.got] == [0, 2, 1]


def test_what_does_not_end_is_told_less_and_less_often_and_anew_after_a_pause() -> None:
    clock = Clock()
    told: list[float] = []
    with limited(RateLimitFilter(5.0, clock, longest_s=30.0)) as sink:
        logger = logging.getLogger("limited.a")
        for second in range(300):
            clock.now = float(second)
            before = len(sink.got)
            logger.error("away")
            told += [clock.now] * (len(sink.got) - before)
    assert told == [0, 5, 15, 35, 65, 95, 125, 155, 185, 215, 245, 275]
    with limited(RateLimitFilter(5.0, clock, longest_s=30.0)) as sink:
        for moment in (0, 1, 6, 7, 40, 41, 46):
            clock.now = float(moment)
            logger.error("away")
    # at 6 the interval is 10 s, at 40 it is 20 s: one was held back at 7; 41 and 46 are within it
    assert len(sink.got) == 3
    with limited(RateLimitFilter(5.0, clock, longest_s=30.0)) as sink:
        for moment in (0, 1, 6, 40, 46):
            clock.now = float(moment)
            logger.error("away")
    # none was held back after 6, so that it begins anew at 40
    assert len(sink.got) == 4


def test_logger_level_and_template_are_limited_apart() -> None:
    with limited(RateLimitFilter(5.0, Clock())) as sink:
        for _ in range(3):
            logging.getLogger("limited.a").error("one")
            logging.getLogger("limited.b").error("one")
            logging.getLogger("limited.a").warning("one")
            logging.getLogger("limited.a").error("two")
    assert sink.got == [
        ("limited.a", "ERROR", 0),
        ("limited.b", "ERROR", 0),
        ("limited.a", "WARNING", 0),
        ("limited.a", "ERROR", 0),
    ]


def test_texts_composed_at_run_time_count_as_one() -> None:
    with limited(RateLimitFilter(5.0, Clock())) as sink:
        for number in range(50):
            logging.getLogger("limited.a").error(f"node {number}")  # noqa: G004
    assert len(sink.got) == 1


def test_memory_is_bounded() -> None:
    clock = Clock()
    limit = RateLimitFilter(5.0, clock)
    with limited(limit) as sink:
        for number in range(3000):
            logging.getLogger(f"limited.{number}").error("one")
        assert len(sink.got) == 3000
        assert len(limit._seen) <= 1024
        clock.now = 6
        logging.getLogger("limited.0").error("one")
        assert sink.got[-1][0] == "limited.0"
