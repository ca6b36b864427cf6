"""A cluster's topics for each test that asks for them."""

from pathlib import Path

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.ledger.cluster import Cluster


@pytest.fixture
def cluster(kafka: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    for module in ("audit", "reconcile"):
        monkeypatch.setattr(f"pipeline.cli.{module}.configure_logging", lambda _: None)
    return Cluster(kafka, tmp_path)
