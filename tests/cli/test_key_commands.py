"""`coppice keys new|list|retire`: safe files, no way to lose a key that is needed, and no secret in any output."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli import keys as module
from pipeline.cli.main import cli
from pipeline.core.identity import FUTURE_MS
from pipeline.ops.errors import ConfigError
from pipeline.policy.vocabulary import Region, Space
from pipeline.workers.key_file import AHEAD_MS, DAY_MS, PLACES, create_key_file
from pipeline.workers.keys import parse_keys, written
from tests.cli.key_rings import NOW, loaded, secrets_of, write

MIDNIGHT = 1_795_651_200_000  # 2026-11-26
MINUTE = 60_000


class Desk:
    """Somebody who keeps the keys in one file, at a time of the test's choosing."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now_ms = NOW

    def run(self, *arguments: str) -> str:
        """Run `coppice keys`, which must go well; no secret that the file ever held may be shown."""
        result = self._run(*arguments)
        assert result.exception is None, result.exception
        parse_keys(self.file.read_text(), "whatever was done, the file is a key ring")
        output: str = result.output
        return output

    def refused(self, *arguments: str) -> str:
        """Run what must be refused with one message and leave the file as it is."""
        before = self.file.read_bytes() if self.file.exists() else None
        result = self._run(*arguments)
        assert isinstance(result.exception, ConfigError), result.output
        assert (self.file.read_bytes() if self.file.exists() else None) == before
        self._hides_secrets(str(result.exception))
        return str(result.exception)

    def _run(self, *arguments: str) -> Any:
        known = self.secrets()
        result = CliRunner().invoke(cli, ["keys", *arguments])
        self._hides_secrets(result.output, known)
        assert not list(self.file.parent.glob(".*.new"))
        return result

    def _hides_secrets(self, text: str, known: frozenset[str] = frozenset()) -> None:
        assert not [secret for secret in known | self.secrets() if secret in text]

    def secrets(self) -> frozenset[str]:
        return frozenset(secrets_of(self.content())) if self.file.exists() else frozenset()

    def content(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(self.file.read_text())
        return found

    def versions(self, region: str, name: str) -> list[tuple[str, str | None, bool]]:
        """Return version, start and whether a secret is there."""
        return [(each["version"], each.get("from"), "secret" in each) for each in self.content()[region][name]]

    def rows(self, *arguments: str) -> list[list[str]]:
        """Return what `keys list` shows, a list for each version."""
        lines = self.run("list", str(self.file), *arguments).splitlines()
        return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path / "keys.json")
    monkeypatch.setattr(module, "now_ms", lambda: desk.now_ms)
    return desk


# --- new


def test_new_file_is_its_owners_only(desk: Desk) -> None:
    old = os.umask(0)
    try:
        desk.run("new", str(desk.file))
    finally:
        os.umask(old)
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    keys = loaded(desk.file)
    raw = [each.secret for region in Region for _, series in keys.regions[region].named() for each in series]
    assert len(set(raw)) == len(PLACES)
    assert {len(key) for key in raw} == {32}
    assert set(keys.ages_ms(NOW + 1).values()) == {1}


@pytest.mark.parametrize("option", [["--region", "us"], ["--name", "analytics"], ["--from", "2027-01-01"]])
def test_new_file_holds_every_key(desk: Desk, option: list[str]) -> None:
    assert "does not exist yet" in desk.refused("new", str(desk.file), *option)
    assert not desk.file.exists()


def test_existing_key_is_never_overwritten(desk: Desk) -> None:
    desk.run("new", str(desk.file))
    before = desk.content()
    desk.run("new", str(desk.file))
    after = desk.content()
    for region, name in PLACES:
        assert after[region][name][:1] == before[region][name]
        assert desk.versions(region, name) == [("1", None, True), ("2", "2026-11-26T00:00:00Z", True)]
    assert len(desk.secrets()) == 3 * 2 * len(PLACES)
    with pytest.raises(ConfigError, match="exists"):
        create_key_file(desk.file, NOW)
    assert desk.content() == after


@pytest.mark.parametrize("content", ["mine", "{}", '{"us": {}}'])
def test_file_that_is_no_key_ring_stays_as_it_is(desk: Desk, content: str) -> None:
    write(desk.file, content)
    for command in (["new"], ["list"]):
        with pytest.raises(ConfigError, match=str(desk.file)):
            CliRunner().invoke(cli, ["keys", *command, str(desk.file)], catch_exceptions=False)
    assert desk.file.read_text() == content
    assert not list(desk.file.parent.glob(".*"))


def test_link_to_nowhere_is_no_new_file(desk: Desk) -> None:
    desk.file.symlink_to(desk.file.parent / "nowhere")
    assert "exists" in desk.refused("new", str(desk.file))
    assert not (desk.file.parent / "nowhere").exists()


@pytest.mark.parametrize("command", [["new"], ["list"], ["retire", "1", "--region", "us", "--name", "analytics"]])
def test_place_that_cannot_be_used(desk: Desk, command: list[str]) -> None:
    name, *options = command
    assert "missing" in desk.refused(name, str(desk.file.parent / "missing" / "keys.json"), *options)


def test_version_is_added_to_the_keys_that_are_named(desk: Desk) -> None:
    desk.run("new", str(desk.file))
    output = desk.run("new", str(desk.file), "--region", "in", "--name", "event_ids")
    assert "in.event_ids: version 2 from 2026-11-26T00:00:00Z" in output
    assert len(desk.versions("in", "event_ids")) == 2
    desk.run("new", str(desk.file), "--region", "us", "--from", "2027-01-01")
    assert desk.versions("us", "internal_ops")[1:] == [("2", "2027-01-01T00:00:00Z", True)]
    assert sum(len(versions) for keys in desk.content().values() for versions in keys.values()) == 6 + 1 + 3


def test_file_of_the_old_form_gets_a_second_version(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    old = {region: {n: {k: v[0][k] for k in ("version", "secret")} for n, v in keys.items()}
           for region, keys in desk.content().items()}  # fmt: skip
    write(desk.file, json.dumps(old))
    before = loaded(desk.file)
    desk.run("new", str(desk.file))
    after = loaded(desk.file)
    for time, same in ((MIDNIGHT - 1, True), (MIDNIGHT, False)):
        names = [keys.pseudonym(Region.US, Space.ANALYTICS, "p", "g", time, DAY_MS) for keys in (before, after)]
        assert (names[0] == names[1]) == same


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (MIDNIGHT, MIDNIGHT + DAY_MS),
        (MIDNIGHT + DAY_MS - AHEAD_MS - 1, MIDNIGHT + DAY_MS),
        (MIDNIGHT + DAY_MS - AHEAD_MS, MIDNIGHT + 2 * DAY_MS),
        (MIDNIGHT + DAY_MS - 1, MIDNIGHT + 2 * DAY_MS),
    ],
)
def test_version_starts_at_the_next_midnight_that_is_far_enough(desk: Desk, now: int, start: int) -> None:
    create_key_file(desk.file, NOW)
    desk.now_ms = now
    desk.run("new", str(desk.file))
    assert desk.versions("us", "analytics")[1][1] == written(start)


def test_version_may_not_start_before_every_worker_knows_it(desk: Desk) -> None:
    """An event from the hour that a client's clock may be ahead would get another name when it comes again."""
    create_key_file(desk.file, NOW)
    for start in (NOW - DAY_MS, NOW, NOW + FUTURE_MS, NOW + AHEAD_MS - 1):
        assert "70 minutes from now" in desk.refused("new", str(desk.file), "--from", written(start))
    desk.run("new", str(desk.file), "--from", written(NOW + AHEAD_MS))
    assert desk.versions("us", "analytics")[1][1] == "2026-11-25T10:56:39Z"


def test_versions_follow_each_other(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    desk.run("new", str(desk.file))
    assert "there is a version from 2026-11-26T00:00:00Z" in desk.refused("new", str(desk.file))
    assert "start later" in desk.refused("new", str(desk.file), "--from", "2026-11-26")
    desk.run("new", str(desk.file), "--from", "2026-11-27")
    assert [version for version, _, _ in desk.versions("us", "analytics")] == ["1", "2", "3"]


@pytest.mark.parametrize("text", ["soon", "2026-12-01T00:00:00", "2026-12-01T00:00:00+05:30", "1796083200000", ""])
def test_start_that_is_no_time_in_utc(desk: Desk, text: str) -> None:
    create_key_file(desk.file, NOW)
    if text:
        assert "--from" in desk.refused("new", str(desk.file), "--from", text)
    else:  # as if it were not given
        desk.run("new", str(desk.file), "--from", text)
        assert desk.versions("us", "analytics")[1][1] == written(MIDNIGHT)


def test_change_keeps_mode_and_link(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    link = desk.file.parent / "link.json"
    link.symlink_to(desk.file)
    desk.run("new", str(link))
    assert link.is_symlink()
    assert len(desk.versions("us", "analytics")) == 2
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600


def test_file_that_is_open_to_others_is_not_changed(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    desk.file.chmod(0o640)
    for command in (["new"], ["list"], ["retire", "1", "--region", "us", "--name", "analytics"]):
        assert "chmod 600" in desk.refused(command[0], str(desk.file), *command[1:])


def test_two_changes_at_once_are_one_change(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    other = desk.file.parent / ".keys.json.new"
    other.write_text("")
    with pytest.raises(ConfigError, match="another command"):
        CliRunner().invoke(cli, ["keys", "new", str(desk.file)], catch_exceptions=False)
    assert len(desk.versions("us", "analytics")) == 1
    assert other.exists()  # it is the other one's
    other.unlink()


# --- list


def test_list_shows_every_version_and_its_state(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    for start in ("2026-12-01", "2027-03-01"):
        desk.run("new", str(desk.file), "--region", "us", "--name", "analytics", "--from", start)

    def states(now: str) -> list[list[str]]:
        return [row[2:6] for row in desk.rows("--now", now) if row[:2] == ["us", "analytics"]]

    assert states("2026-11-30T23:59:59.999Z") == [
        ["1", "the beginning", "5", "current"],
        ["2", "2026-12-01T00:00:00Z", "-", "next"],
        ["3", "2027-03-01T00:00:00Z", "-", "next"],
    ]
    assert [row[2:] for row in states("2026-12-02")] == [["6", "former"], ["1", "current"], ["-", "next"]]
    assert [row[3] for row in states("2027-03-01")] == ["former", "former", "current"]
    assert len(desk.rows()) == len(PLACES) + 2
    fingerprints = [row[6] for row in desk.rows()]
    assert len(set(fingerprints)) == len(fingerprints)
    assert {len(each) for each in fingerprints} == {8}


def test_age_of_a_key_from_nobody_knows_when(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    content = desk.content()
    del content["us"]["analytics"][0]["made"]
    write(desk.file, json.dumps(content))
    assert desk.rows()[0][2:6] == ["1", "the beginning", "unknown", "current"]


def test_now_that_is_no_time(desk: Desk) -> None:
    create_key_file(desk.file, NOW)
    assert "--now" in desk.refused("list", str(desk.file), "--now", "yesterday")


# --- retire

US_ANALYTICS = ("--region", "us", "--name", "analytics")


@pytest.fixture
def rotated(desk: Desk) -> Desk:
    """Two later versions of one key, from 2026-12-01 and 2027-03-01."""
    create_key_file(desk.file, NOW)
    for start in ("2026-12-01", "2027-03-01"):
        desk.run("new", str(desk.file), *US_ANALYTICS, "--from", start)
    return desk


SECOND_STARTS = 1_796_083_200_000


def test_retired_key_is_destroyed_and_its_place_stays(rotated: Desk) -> None:
    """A year after the second version began Mixpanel holds nothing that the first has named."""
    file = str(rotated.file)
    secrets, rest = rotated.secrets(), rotated.content()
    rotated.now_ms = SECOND_STARTS + 365 * DAY_MS - 1
    words = rotated.refused("retire", file, *US_ANALYTICS, "1")
    assert "it can be retired from 2027-12-01T00:00:00Z on" in words
    rotated.now_ms += 1
    rotated.run("retire", file, *US_ANALYTICS, "1")

    first, *others = rotated.content()["us"]["analytics"]
    assert first == {"version": "1", "made": written(NOW), "retired": True}
    assert others == rest["us"]["analytics"][1:]
    assert len(secrets - rotated.secrets()) == 3  # one secret, in three forms
    assert stat.S_IMODE(rotated.file.stat().st_mode) == 0o600
    assert rotated.rows()[0][5:] == ["retired", "-"]
    keys = loaded(rotated.file)
    for time, gone in ((SECOND_STARTS - 1, True), (SECOND_STARTS, False)):
        assert keys.retired(Region.US, Space.ANALYTICS, time) == gone
        assert not keys.retired(Region.US, Space.INTERNAL_OPS, time)
    assert "retired already" in rotated.refused("retire", file, *US_ANALYTICS, "1")


def test_longest_retention_of_the_policy_settings_counts(
    rotated: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    monkeypatch.setenv("COPPICE_POLICY__SETTINGS_FILE", str(settings))
    for minor, adult, longest in ((40, 20, 40), (1, 400, 400)):
        settings.write_text(f"retention: {{mixpanel_minor_days: {minor}, mixpanel_adult_days: {adult}}}\n")
        rotated.now_ms = SECOND_STARTS + longest * DAY_MS - 1
        words = rotated.refused("retire", str(rotated.file), *US_ANALYTICS, "1")
        assert f"keep for {longest} days" in words
        assert f"from {written(SECOND_STARTS + longest * DAY_MS)} on" in words
    settings.write_text("retention: {mixpanel_adult_days: for ever}\n")
    assert "settings.yaml:1" in rotated.refused("retire", str(rotated.file), *US_ANALYTICS, "1")


def test_key_in_use_is_not_retired(rotated: Desk) -> None:
    rotated.now_ms = SECOND_STARTS + 5_000 * DAY_MS
    assert "is the newest" in rotated.refused("retire", str(rotated.file), *US_ANALYTICS, "3")
    for name in ("internal_ops", "event_ids"):
        refused = rotated.refused("retire", str(rotated.file), "--region", "us", "--name", name, "1")
        assert "is the newest" in refused
    rotated.now_ms = NOW
    assert "it can be retired from 2028-02-29T00:00:00Z on" in rotated.refused(
        "retire", str(rotated.file), *US_ANALYTICS, "2"
    )


def test_oldest_is_retired_first(rotated: Desk) -> None:
    rotated.now_ms = SECOND_STARTS + 5_000 * DAY_MS
    assert "retire version 1 first" in rotated.refused("retire", str(rotated.file), *US_ANALYTICS, "2")
    for version in ("1", "2"):
        rotated.run("retire", str(rotated.file), *US_ANALYTICS, version)
    assert [has for _, _, has in rotated.versions("us", "analytics")] == [False, False, True]
    rotated.run("new", str(rotated.file), *US_ANALYTICS)
    assert rotated.versions("us", "analytics")[-1][0] == "4"


def test_version_that_nobody_knows(rotated: Desk) -> None:
    assert "has no version 9; it has 1, 2, 3" in rotated.refused("retire", str(rotated.file), *US_ANALYTICS, "9")
