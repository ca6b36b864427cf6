import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from pipeline.ops.errors import ConfigError
from pipeline.ops.health import Readiness
from pipeline.ops.http import OpsServer
from pipeline.ops.metric_table import CONSENT_RECORDS, EVENTS_IN
from pipeline.ops.metrics import Metrics

HOST = "127.0.0.1"


class State:
    """What the server is told about the worker; a test changes it."""

    def __init__(self) -> None:
        self.readiness = Readiness({"assigned": True})
        self.error: Exception | None = None

    def __call__(self) -> Readiness:
        if self.error is not None:
            raise self.error
        return self.readiness


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics({"region": ["us", "in"]})


@pytest.fixture
async def server(metrics: Metrics, state: State, tmp_path: Path) -> AsyncIterator[OpsServer]:
    ops = OpsServer(
        metrics,
        state,
        HOST,
        0,
        port_file=tmp_path / "port",
        before_scrape=lambda: metrics.set(CONSENT_RECORDS, 77),
    )
    await ops.start()
    yield ops
    await ops.stop()


async def get(server: OpsServer, path: str, **headers: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{HOST}:{server.port}{path}", headers=headers) as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_metrics(server: OpsServer, metrics: Metrics) -> None:
    metrics.add(EVENTS_IN, 42, region="us")
    status, content_type, body = await get(server, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    lines = body.splitlines()
    assert 'coppice_events_in_total{region="us"} 42.0' in lines
    assert 'coppice_events_in_total{region="in"} 0.0' in lines
    assert "coppice_consent_records 77.0" in lines


async def test_openmetrics(server: OpsServer) -> None:
    status, content_type, body = await get(server, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert status == 200
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


async def test_alive_although_not_ready(server: OpsServer, state: State) -> None:
    state.readiness = Readiness({"assigned": False})
    assert (await get(server, "/healthz"))[0] == 200


async def test_readiness_follows_the_worker(server: OpsServer, state: State) -> None:
    status, content_type, body = await get(server, "/readyz")
    assert status == 200
    assert content_type.startswith("application/json")
    assert json.loads(body) == {"ready": True, "checks": {"assigned": True}, "why": []}
    state.readiness = Readiness({"assigned": True, "consent": False}, ("consent: the broker is silent",))
    status, _, body = await get(server, "/readyz")
    assert status == 503
    assert json.loads(body) == {
        "ready": False,
        "checks": {"assigned": True, "consent": False},
        "why": ["consent: the broker is silent"],
    }


async def test_readiness_that_fails_is_not_ready_and_tells_no_value(server: OpsServer, state: State) -> None:
    state.error = RuntimeError("canary-4411")
    status, _, body = await get(server, "/readyz")
    assert status == 503
    assert json.loads(body)["why"] == ["the readiness check failed with RuntimeError"]
    assert "canary" not in body


async def test_nothing_else_is_served(server: OpsServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert (await get(server, "/"))[0] == 404
    assert "aiohttp.access" not in {record.name for record in caplog.records}


async def test_port_file_appears_whole_and_goes_away(server: OpsServer, tmp_path: Path) -> None:
    assert (tmp_path / "port").read_text() == f"{server.port}\n"
    assert os.listdir(tmp_path) == ["port"]  # noqa: PTH208
    await server.stop()
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(server, "/healthz")
    await server.stop()


async def test_port_in_use_names_the_setting(server: OpsServer, metrics: Metrics, state: State) -> None:
    with pytest.raises(ConfigError, match=rf"COPPICE_OPS__PORT: port {server.port} .* is in use"):
        await OpsServer(metrics, state, HOST, server.port).start()


async def test_address_that_is_not_ours_names_the_setting(metrics: Metrics, state: State) -> None:
    with pytest.raises(ConfigError, match="COPPICE_OPS__BIND"):
        await OpsServer(metrics, state, "192.0.2.1", 0).start()


async def test_port_file_that_cannot_be_written_names_the_setting(
    metrics: Metrics, state: State, tmp_path: Path
) -> None:
    ops = OpsServer(metrics, state, HOST, 0, port_file=tmp_path / "absent" / "port")
    with pytest.raises(ConfigError, match=r"COPPICE_OPS__PORT_FILE: .* cannot be written: No such file"):
        await ops.start()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(ops, "/healthz")


async def test_open_connection_does_not_hold_up_stopping(server: OpsServer) -> None:
    _, writer = await asyncio.open_connection(HOST, server.port)
    async with asyncio.timeout(10):
        await server.stop()
    writer.close()
