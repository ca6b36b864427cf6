"""Fixtures for every room."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka


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
