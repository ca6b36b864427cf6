"""A world for each file of tests."""

from collections.abc import Iterator

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.replay.world import World


@pytest.fixture(scope="module")
def world(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(kafka, tmp_path_factory.mktemp("world"))
    yield made
    made.publisher.close()


@pytest.fixture(autouse=True)
def no_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the test process's logging as it is."""
    monkeypatch.setattr("pipeline.cli.replay.configure_logging", lambda _: None)
