"""The service account's secret follows its file while the worker runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from mixpanel import ServiceAccountCredentials

from pipeline.ops import account as module
from pipeline.ops.account import ServiceAccount, basic
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metrics import Metrics


class Account(ServiceAccount):
    """One whose metric can be read."""

    def __init__(self, project: MixpanelProject) -> None:
        self.seen = Metrics({})
        super().__init__(project, self.seen)

    @property
    def unreadable(self) -> float | None:
        return self.seen.registry.get_sample_value("coppice_credentials_unreadable", {"region": "us"})


@pytest.fixture
def account_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], Account]:
    monkeypatch.setattr(module, "SETTLE_S", 0.02)

    def make(file: Path | None) -> Account:
        credentials = ServiceAccountCredentials("robot", "first", "1")
        return Account(MixpanelProject("us", "https://x", "1", "token", credentials, secret_file=file))

    return make


async def test_a_changed_file_is_signed_with(tmp_path: Path, account_of: Callable[[Path | None], Account]) -> None:
    file = tmp_path / "secret"
    file.write_text("first\n")
    account = account_of(file)
    await account.look()
    assert (account.version, account.authorization) == (0, basic("robot", "first"))
    file.write_text("second\n")
    await account.look()
    assert (account.version, account.authorization) == (1, basic("robot", "second"))
    assert account.credentials.project_id == "1"


async def test_a_new_account_is_a_name_and_a_secret(
    tmp_path: Path, account_of: Callable[[Path | None], Account]
) -> None:
    file = tmp_path / "secret"
    file.write_text("first")
    account = account_of(file)
    file.write_text("robot-2\nsecond\n")
    await account.look()
    assert (account.version, account.authorization) == (1, basic("robot-2", "second"))
    file.write_text("third")  # without a name it is the settings' account
    await account.look()
    assert (account.version, account.authorization) == (2, basic("robot", "third"))


async def test_a_mounted_secret_changes_by_its_link(
    tmp_path: Path, account_of: Callable[[Path | None], Account]
) -> None:
    """Kubernetes writes a new directory and swaps the link `..data`; the file's own path stays a link into it."""
    for name, secret in (("..one", "first"), ("..two", "second")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mixpanel-us").write_text(secret)
    data, file = tmp_path / "..data", tmp_path / "mixpanel-us"
    data.symlink_to("..one")
    file.symlink_to("..data/mixpanel-us")
    account = account_of(file)
    swapped = tmp_path / "..tmp"
    swapped.symlink_to("..two")
    swapped.replace(data)
    await account.look()
    assert account.credentials.secret == "second"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe", b"a\nb\nc\n"])
async def test_what_cannot_be_used_leaves_the_last_good_secret(
    tmp_path: Path,
    account_of: Callable[[Path | None], Account],
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
) -> None:
    file = tmp_path / "secret"
    file.write_text("first")
    account = account_of(file)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    for _ in range(3):
        await account.look()
    assert (account.version, account.credentials.secret, account.unreadable) == (0, "first", 1)
    assert len(caplog.records) == 1  # told once, not every second
    assert "first" not in caplog.text
    file.write_text("second")
    await account.look()
    assert (account.version, account.credentials.secret, account.unreadable) == (1, "second", 0)
    assert "second" not in caplog.text


async def test_a_file_that_is_read_again_as_it_was_ends_the_alarm(
    tmp_path: Path, account_of: Callable[[Path | None], Account]
) -> None:
    file = tmp_path / "secret"
    account = account_of(file)
    await account.look()
    assert account.unreadable == 1
    file.write_text("first")
    await account.look()
    assert (account.version, account.unreadable) == (0, 0)


async def test_a_file_that_is_being_written_is_not_believed(
    tmp_path: Path, account_of: Callable[[Path | None], Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("fir")
    account = account_of(file)
    settle = asyncio.sleep

    async def write_meanwhile(seconds: float) -> None:
        file.write_text("first-and-more")
        await settle(seconds)

    monkeypatch.setattr(asyncio, "sleep", write_meanwhile)
    await account.look()
    assert account.version == 0
    await account.look()
    assert account.credentials.secret == "first-and-more"


async def test_waiting_for_a_change(tmp_path: Path, account_of: Callable[[Path | None], Account]) -> None:
    file = tmp_path / "secret"
    file.write_text("first")
    account = account_of(file)
    await account.changed(0, 0.01)  # the time is over
    waiting = asyncio.ensure_future(account.changed(0, 60.0))
    await asyncio.sleep(0)
    file.write_text("second")
    await account.look()
    await asyncio.wait_for(waiting, 10.0)
    await asyncio.wait_for(account.changed(0, 60.0), 10.0)  # it has changed since then


async def test_a_secret_of_the_settings_stays(account_of: Callable[[Path | None], Account]) -> None:
    account = account_of(None)
    await account.look()
    assert (account.version, account.unreadable) == (0, None)
