"""`/unknown` and `coppice unknown`: which properties no schema lists."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from pipeline.ops.health import Readiness
from pipeline.ops.http import OpsServer
from pipeline.ops.metrics import Metrics

HOST = "127.0.0.1"
COUNTS = {"newThing": 3, "other": 41, "another": 41}


async def invoke(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, cli, ["unknown", *arguments])


@pytest.fixture
async def url() -> AsyncIterator[str]:
    server = OpsServer(Metrics({}), lambda: Readiness({"x": True}), HOST, 0, unknown=lambda: COUNTS)
    await server.start()
    yield f"http://{HOST}:{server.port}"
    await server.stop()


async def test_names_with_counts_the_most_frequent_first(url: str) -> None:
    done = await invoke("--url", url, "--json")
    assert list(json.loads(done.output).items()) == [("another", 41), ("other", 41), ("newThing", 3)]
    done = await invoke("--url", url)
    assert done.exit_code == 0
    assert done.output.index("another") < done.output.index("newThing")


async def test_several_workers_are_added_up(url: str) -> None:
    done = await invoke("--url", url, "--url", url + "/", "--json")
    assert json.loads(done.output) == {"another": 82, "other": 82, "newThing": 6}


async def test_a_worker_that_knows_of_none() -> None:
    server = OpsServer(Metrics({}), lambda: Readiness({"x": True}), HOST, 0)
    await server.start()
    done = await invoke("--url", f"http://{HOST}:{server.port}")
    await server.stop()
    assert done.output == "no unregistered property has been seen\n"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:9108", "file:///etc/passwd", "http://127.0.0.1:1"])
async def test_address_where_no_worker_is(url: str) -> None:
    done = await invoke("--url", url)
    assert isinstance(done.exception, ConfigError)
    assert f"--url: {url}" in str(done.exception) or f"at {url}" in str(done.exception)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"unknown": []}', '{"unknown": {"a": "1"}}', '{"unknown": {"a": true}}']
)
async def test_something_else_answers(body: str) -> None:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    done = await invoke("--url", f"http://{HOST}:{runner.addresses[0][1]}")
    await runner.cleanup()
    assert isinstance(done.exception, ConfigError)
    assert "is not a worker" in str(done.exception)
