"""`coppice rights`: what the desk types, and what it is told."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from pipeline.rights.requests import Request, parse_request
from pipeline.stream.topics import PRIVACY_REQUESTS
from tests.rights.desk import DAY, Desk


class Terminal:
    """The commands, with the settings of a desk's deployment."""

    def __init__(self, desk: Desk, config: Path) -> None:
        self.desk = desk
        self._config = config

    async def __call__(self, *arguments: str, stdin: str = "", fails: bool = False) -> Result:
        """Run a command in a thread. fails: it may end with another status than 0, or with ConfigError."""
        runner, whole = CliRunner(), ["rights", arguments[0], "--config", str(self._config), *arguments[1:]]
        result = await asyncio.to_thread(runner.invoke, cli, whole, input=stdin)
        if not fails:
            assert result.exit_code == 0, (result.output, result.exception)
        return result

    async def error(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must end with one clear message; return it."""
        result = await self(*arguments, stdin=stdin, fails=True)
        assert isinstance(result.exception, ConfigError), (result.output, result.exception)
        return str(result.exception)

    async def filed(self) -> list[tuple[bytes | None, Request]]:
        """Return every request on the topic with its key."""
        found = []
        for key, value in await self.desk.records(PRIVACY_REQUESTS):
            request = parse_request(key, value)
            assert isinstance(request, Request)
            found.append((key, request))
        return found


@pytest.fixture
async def terminal(desk: Desk, tmp_path: Path) -> Terminal:
    settings = desk.settings
    config = tmp_path / "config.yaml"
    document: dict[str, Any] = {
        "kafka": settings.kafka.model_dump(include={"bootstrap", "topic_prefix", "partitions"}),
        "mixpanel": {
            region.value: {
                "token": standin.project.token,
                "app_host": standin.url,
                "privacy_token_file": str(desk.token_file),
            }
            for region, standin in desk.standins.items()
        },
    }
    with config.open("w", encoding="utf-8") as file:
        YAML().dump(document, file)
    return Terminal(desk, config)


async def test_a_request_is_filed_under_the_profile_and_its_id_printed(terminal: Terminal) -> None:
    result = await terminal("erase", "player-1")
    ((key, request),) = await terminal.filed()
    assert result.output.strip() == request.request_id
    assert (key, request.profile_id, request.kind, request.requested_by) == (
        b"player-1", "player-1", "erase", "privacy_desk",
    )  # fmt: skip
    assert abs(request.received_at - terminal.desk.clock()) < DAY


async def test_the_profile_may_come_from_standard_input_and_the_day_from_a_letter(terminal: Terminal) -> None:
    await terminal(
        "withdraw", "-", "--requested-by", "parent_portal", "--received-at", "2026-01-02", stdin=" e\u0301va \n"
    )
    ((key, request),) = await terminal.filed()
    assert (key, request.kind) == ("\u00e9va".encode(), "withdraw")
    assert (request.requested_by, request.received_at) == ("parent_portal", 1_767_312_000_000)


async def test_what_would_be_refused_is_not_filed(terminal: Terminal) -> None:
    canary = "canary@example.com"
    for arguments in (
        ("erase", ""),
        ("erase", "-"),
        ("erase", "p" * 257),
        ("export", "p", "--requested-by", canary),
        ("export", "p", "--request-id", canary),
        ("withdraw", "p", "--received-at", "2090-01-01"),
    ):
        message = await terminal.error(*arguments)
        assert "canary" not in message
    assert await terminal.filed() == []


async def test_the_desk_follows_a_request_to_its_answer(terminal: Terminal) -> None:
    desk = terminal.desk
    profile = desk.person()
    async with desk.agent():
        result = await terminal("erase", profile, "--wait")
        request = result.stdout.strip()
        assert desk.states(request)[-1] == "done"
        assert "done, 1 of 1 batches" in result.stderr
        assert profile not in result.output
        again = await terminal("status", request, "--wait")
        assert again.stderr.strip() == "done, 1 of 1 batches"


async def test_status_lists_what_is_open_with_age_and_deadline_and_nobody_s_name(terminal: Terminal) -> None:
    desk = terminal.desk
    assert (await terminal("status")).output.strip() == "no request is open"
    desk.us.fail_privacy("unavailable", times=None)
    profile = desk.person()
    old = desk.file("erase", profile, received_at=desk.clock() - 31 * DAY)
    new = desk.file("export", profile)
    async with desk.agent():
        await desk.until_state(old, "stopped")
        await desk.until_state(new, "accepted")
    table = (await terminal("status")).output
    assert profile not in table
    assert "(over)" in table
    lines = [json.loads(line) for line in (await terminal("status", "--json")).output.splitlines()]
    assert [(line["request_id"], line["kind"], line["state"]) for line in lines] == [
        (old, "erase", "stopped"),
        (new, "export", "accepted"),
    ]
    assert all(line["deadline"] == line["received_at"] + 30 * DAY for line in lines)
    one = json.loads((await terminal("status", old, "--json")).output)
    assert one["of"] == 1
    assert one["done"] == 0


async def test_a_refusal_is_shown_under_the_name_of_its_place(terminal: Terminal) -> None:
    desk = terminal.desk
    desk.produce(PRIVACY_REQUESTS, b"k", b"nonsense")
    async with desk.agent():
        await desk.until(lambda: desk.metric("privacy_requests_total", kind="none", state="refused") == 1)
    (partition,) = (state.partition for state in desk.topics[PRIVACY_REQUESTS].states() if state.records)
    result = await terminal("status", f"record-{partition}-0", fails=True)
    assert result.exit_code == 1
    assert "refused, not_json" in result.output
    assert "on record" in await terminal.error("status", "unknown-id")


async def test_a_finished_export_is_fetched_with_the_map_of_the_data(terminal: Terminal, tmp_path: Path) -> None:
    desk, directory = terminal.desk, tmp_path / "export" / "of-one"
    async with desk.agent():
        request = (await terminal("export", desk.person(), "--wait")).stdout.strip()
    result = await terminal("fetch", request, str(directory))
    assert sorted(path.name for path in directory.iterdir()) == ["datamap.json", "us-0.export"]
    assert result.output.splitlines() == [str(directory / "us-0.export"), str(directory / "datamap.json")]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in directory.iterdir())
    found = json.loads((directory / "datamap.json").read_text(encoding="utf-8"))
    assert set(found["what_leaves"]) == {"US/child", "US/teen", "US/adult", "US/unknown"}
    names = {item["name"] for item in found["what_leaves"]["US/adult"]["items"]}
    assert {"distinct_id", "event", "level"} <= names
    assert any(store["store"].endswith("privacy.results") for store in found["kept"])
    assert "is not overwritten" in await terminal.error("fetch", request, str(directory))


async def test_what_is_no_finished_export_cannot_be_fetched(terminal: Terminal, tmp_path: Path) -> None:
    desk = terminal.desk
    request = desk.file("erase", desk.person())
    async with desk.agent():
        await desk.until_state(request, "done")
    assert "is no export that is done" in await terminal.error("fetch", request, str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


async def test_without_a_broker_the_desk_is_told_to_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.rights.desk.TIMEOUT_S", 0.5)
    monkeypatch.setenv("COPPICE_KAFKA__BOOTSTRAP", "127.0.0.1:9")
    result = await asyncio.to_thread(CliRunner().invoke, cli, ["rights", "erase", "player-1"])
    assert isinstance(result.exception, ConfigError)
    assert "not acknowledged" in str(result.exception)
    assert "player-1" not in str(result.exception)
