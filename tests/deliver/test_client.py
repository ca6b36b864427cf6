"""What a request looks like on the wire."""

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from pipeline.deliver.answers import Accepted, NotAnAnswer, Unavailable
from pipeline.deliver.client import ImportClient
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metrics import Metrics
from pipeline.sandbox.mixpanel_answers import json_answer
from pipeline.sandbox.mixpanel_faults import Fault


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


async def post(project: MixpanelProject, values: list[bytes], times: int = 1) -> list[Any]:
    client = ImportClient(project, Metrics({}), connections=1, timeout_s=5.0)
    client.open()
    try:
        return [await client.post(await client.encode(values), len(values)) for _ in range(times)]
    finally:
        await client.close()


@pytest.mark.usefixtures("proxied")
async def test_an_import_is_strict_gzipped_signed_and_names_no_client(us: Any, project: Any, event: Any) -> None:
    assert await post(project(us), [event(0)]) == [Accepted()]
    (request,) = us.requests
    assert (request.method, request.path) == ("POST", "/import")
    assert request.query == {"strict": "1", "project_id": us.project.project_id}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["authorization"] == "Basic"
    assert request.wire_bytes < request.body_bytes
    assert set(request.headers) == {
        "host", "authorization", "content-type", "content-encoding", "content-length",
        "accept", "accept-encoding", "user-agent",
    }  # fmt: skip


async def test_cookies_are_not_kept(us: Any, project: Any, event: Any) -> None:
    us.fail(Fault(json_answer(200, {"num_records_imported": 1}, {"Set-Cookie": "id=7; Path=/"})))
    named = replace(project(us), host=us.url.replace("127.0.0.1", "localhost"))  # addresses get no cookies
    assert await post(named, [event(0)], times=2) == [Accepted(), Accepted()]
    assert len(us.requests) == 2
    assert all("cookie" not in request.headers for request in us.requests)


async def test_equal_events_give_equal_bytes(us: Any, project: Any, event: Any) -> None:
    client = ImportClient(project(us), Metrics({}), connections=1, timeout_s=5.0)
    values = [event(number) for number in range(100)]
    first, second = await client.encode(values), await client.encode(values)
    await client.close()
    assert first == second
    assert json.loads(gzip.decompress(first)) == [json.loads(value) for value in values]


async def test_credentials_are_those_of_the_mixpanel_package(us: Any, project: Any, event: Any) -> None:
    seen: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response({"num_records_imported": 1})

    app = web.Application()
    app.router.add_post("/import", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    target = project(us)
    host, port = runner.addresses[0][:2]
    try:
        reached = replace(target, host=f"http://{host}:{port}")
        assert await post(reached, [event(0)]) == [Accepted()]
    finally:
        await runner.cleanup()
    auth = target.credentials.to_http_basic_auth()
    assert seen == ["Basic " + base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()]


async def test_a_body_that_does_not_compress_is_sent_without_complaint(us: Any, project: Any) -> None:
    us.count_only = True
    noise = json.dumps("".join(chr(33 + (index * 7919 + index // 89 * 104729) % 89) for index in range(100)))
    values = [json.dumps({"event": noise, "n": index**9 % 1_000_003}).encode() for index in range(20_000)]
    client = ImportClient(project(us), Metrics({}), connections=1, timeout_s=5.0)
    client.open()
    body = b"[" + b",".join(values) + b"]"
    try:
        stored = gzip.compress(body, 0)
        assert len(stored) > 1024 * 1024
        assert await client.post(stored, len(values)) == Accepted()
    finally:
        await client.close()


async def test_an_endless_answer_is_cut_off(us: Any, project: Any, event: Any) -> None:
    us.fail(Fault(json_answer(200, {"num_records_imported": 1, "more": "x" * 5 * 1024 * 1024})))
    assert await post(project(us), [event(0)]) == [NotAnAnswer()]


async def test_a_port_where_nobody_listens_is_unavailable(us: Any, project: Any, event: Any) -> None:
    target = project(us)
    us.stop()
    assert await post(target, [event(0)]) == [Unavailable()]
