"""Deployments that count."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from tests.aggregate.running import write_settings

OVERRIDES = {"deliver": {"linger_s": 0.1, "retry_base_s": 0.1, "retry_cap_s": 0.5, "retry_jitter_s": 0.1}}


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the policy settings of the deployment are."""
    return tmp_path_factory.mktemp("counts") / "settings.yaml"


@pytest.fixture(scope="module")
def counting(kafka: EmbeddedKafka, settings_file: Path) -> Iterator[Deployment]:
    """A deliver worker for India on the shared broker; tests add workers that count, and stop them."""
    write_settings(settings_file)
    prefix = f"counts-{uuid.uuid4().hex[:8]}."
    with Deployment(broker=kafka, prefix=prefix, settings=settings_file, overrides=OVERRIDES) as running:
        running.add_worker("deliver", "in", wait=False)
        yield running
