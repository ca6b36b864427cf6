"""Fixtures for every room, and the profile of the property tests: bounded, and without a clock."""

import gc
import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from pipeline.core.built import COMPILED, PURE, build
from pipeline.sandbox.kafka import EmbeddedKafka

settings.register_profile(
    "coppice",
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("coppice")

WAITING = frozenset({
    "aggregate", "chaos", "consent", "deliver", "e2e", "incidents", "ledger", "monitoring", "replay", "rights",
    "sandbox", "scenarios", "security", "stream", "workers",
})  # fmt: skip
"""Rooms whose files take long, most of it waiting."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make compiled-check` say which build it tests, so that it cannot be the other one by mistake."""
    parser.addoption("--built", default=PURE, choices=(PURE, COMPILED), help="which build of the core is tested")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test another build than was meant."""
    config.addinivalue_line("markers", "replaces_names: puts something of its own in place of a name of the core")
    if build() != config.getoption("--built"):
        raise pytest.UsageError(f"the core that is imported here is {build()}; say so with --built")


def pytest_sessionstart() -> None:
    """Let no mutant live on what was remembered before it was one (docs/mutation.md)."""
    if "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", ""):
        from tests.cold import forget  # noqa: PLC0415  # imports all of the core

        forget()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put rooms that wait for processes first, and leave out what compiled code cannot do.

    Several processes that run tests end at about the same time only if what is left at the end is quick. Compiled code
    has looked its own names up when it was compiled.
    """
    items.sort(key=lambda item: item.path.parent.name not in WAITING)
    if config.getoption("--built") == COMPILED:
        for item in items:
            if "replaces_names" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="compiled code does not look its own names up again"))


def pytest_collection_finish() -> None:
    """Leave what the tests are made of out of every later look for garbage: it takes a twentieth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka() -> Iterator[EmbeddedKafka]:
    """One broker for the whole run; a test that stops or freezes a broker starts its own."""
    with EmbeddedKafka() as broker:
        yield broker


@pytest.fixture
def topic_name() -> Callable[..., str]:
    """Make names that no other test uses: ``topic_name("raw")``."""

    def name(label: str = "topic") -> str:
        return f"{label}-{uuid.uuid4().hex[:12]}"

    return name
