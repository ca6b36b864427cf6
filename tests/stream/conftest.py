"""Fixtures of the stream room."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.stream.copying import Copying


@pytest.fixture
def copying(kafka: EmbeddedKafka, tmp_path: Path) -> Iterator[Copying]:
    """A copy job on the shared broker; its workers are ended afterwards."""
    job = Copying(kafka.bootstrap, tmp_path)
    try:
        yield job
    finally:
        job.close()


@pytest.fixture
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker for tests that stop or freeze it."""
    with EmbeddedKafka() as broker:
        yield broker


@pytest.fixture
def copying_on(tmp_path: Path) -> Iterator[Callable[[EmbeddedKafka], Copying]]:
    """Make copy jobs on a given broker; their workers are ended afterwards."""
    jobs: list[Copying] = []

    def make(broker: EmbeddedKafka) -> Copying:
        jobs.append(Copying(broker.bootstrap, tmp_path))
        return jobs[-1]

    yield make
    for job in jobs:
        job.close()
