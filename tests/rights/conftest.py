"""Fixtures of the rights room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.rights.desk import Desk, open_desk


@pytest.fixture
async def desk(kafka: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Everything around a rights agent, which the test starts itself."""
    for module in ("agent", "courier"):
        monkeypatch.setattr(f"pipeline.rights.{module}.LOOK_S", 0.01)
    async with open_desk(kafka.bootstrap, tmp_path) as opened:
        yield opened
