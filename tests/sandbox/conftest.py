"""A stand-in with a clock that stands still, and a client of it."""

from collections.abc import Iterator

import pytest

from pipeline.sandbox.mixpanel import ImportOptions, MixpanelStandIn
from pipeline.sandbox.mixpanel_client import StandInClient
from tests.sandbox.standins import NOW_S, PROJECT


@pytest.fixture
def standin() -> Iterator[MixpanelStandIn]:
    """The United States' project."""
    with MixpanelStandIn(PROJECT, region="us", options=ImportOptions(clock=lambda: NOW_S)) as running:
        yield running


@pytest.fixture
def client(standin: MixpanelStandIn) -> StandInClient:
    """Somebody who knows its service account."""
    return StandInClient(standin.url, PROJECT)
