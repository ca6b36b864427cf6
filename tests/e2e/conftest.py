"""A running deployment for the tests of the whole path, and what they need to look into it."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka


@pytest.fixture(scope="module")
def deployment(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    """One sanitize worker and a deliver worker for each region, on the shared broker under names of their own."""
    overrides = {"deliver": {"linger_s": 0.2, "retry_base_s": 0.1, "retry_cap_s": 0.5, "retry_jitter_s": 0.1}}
    with Deployment(broker=kafka, prefix=f"e2e-{uuid.uuid4().hex[:8]}.", overrides=overrides) as running:
        running.add_worker("sanitize", "all", wait=False)
        for region in Region:
            running.add_worker("deliver", region.value, wait=False)
        running.wait_ready()
        yield running


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Wait for a condition, and say what was not reached."""

    def wait(condition: Callable[[], Any], what: str, timeout_s: float = 120.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout_s} s: {what}")
            time.sleep(0.1)

    return wait


@pytest.fixture
def adult() -> Callable[..., dict[str, Any]]:
    """Make a consent record of a US adult who granted everything yesterday."""

    def make(profile: str, **changes: Any) -> dict[str, Any]:
        granted = int(time.time() * 1000) - 86_400_000
        return {
            "profile_id": profile,
            "consent_id": f"consent-{profile}",
            "region": "US",
            "age": {"band": "adult", "source": "id_document"},
            "grantor": {"role": "self", "adult_verified": False},
            "method": "in_app",
            "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
            "notice_version": "2026-04",
            "language": "en",
            "granted_at": granted,
        } | changes

    return make


@pytest.fixture
def level_event() -> Callable[..., dict[str, Any]]:
    """Make a raw event of one profile, now."""

    def make(profile: str, **changes: Any) -> dict[str, Any]:
        now = int(time.time() * 1000)
        return {
            "event": "level_started",
            "event_id": uuid.uuid4().hex,
            "time": now,
            "received_at": now,
            "profile_id": profile,
            "region": "US",
            "platform": "android",
            "properties": {"level": 3, "world": "ocean", "difficulty": "easy"},
        } | changes

    return make
