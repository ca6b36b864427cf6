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
        for step in (0.0, 1.0, 3.9, 0.2, 4.9, 5.0):
            clock.now += step
            logger.error("node %s is away", clock.now)
    # at 0; at 1 and 4.9 held; at 5.1 with 2; at 10.0 held; at 15.0 with 1
    assert [held for _, _, held in sink.got] == [0, 2, 1]


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
