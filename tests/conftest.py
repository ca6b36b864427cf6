"""Fixtures for every room, and the profile of the property tests: bounded, and without a clock."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from pipeline.sandbox.kafka import EmbeddedKafka

settings.register_profile(
    "coppice",
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("coppice")


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
