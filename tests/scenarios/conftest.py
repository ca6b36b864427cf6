"""One running deployment for all stories, and the story that each test tells in it."""

import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import DEMO_SETTINGS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from tests.scenarios.story import Story

QUICK: dict[str, dict[str, Any]] = {
    "kafka": {"instance_id": "stage"},  # as in Kubernetes: who is killed is waited for by no group
    "deliver": {"linger_s": 0.1, "retry_base_s": 0.1, "retry_cap_s": 0.3, "retry_jitter_s": 0.05},
    "rights": {"poll_s": 0.2, "call_gap_s": 0.05, "settle_s": 0.5, "retry_base_s": 0.2, "retry_cap_s": 1},
}


@pytest.fixture(scope="module")
def stage(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A worker of each kind and region, on the shared broker under names of their own.

    The policy settings are a file of their own that a story may change, as `Deployment.policy_settings`.
    """
    settings = tmp_path_factory.mktemp("policy") / "settings.yaml"
    shutil.copy(DEMO_SETTINGS, settings)
    prefix = f"story-{uuid.uuid4().hex[:8]}."
    with Deployment(broker=kafka, prefix=prefix, settings=settings, overrides=QUICK) as deployment:
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("rights", "all", wait=False)
        for region in Region:
            deployment.add_worker("deliver", region.value, wait=False)
        deployment.wait_ready()
        yield deployment


@pytest.fixture
def story(stage: Deployment) -> Iterator[Story]:
    """Tell one story."""
    with stage.publisher() as publisher:
        yield Story(stage, publisher)
