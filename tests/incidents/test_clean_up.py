"""`coppice incident clean-up`: Mixpanel deletes everything of the pseudonyms, whatever happens meanwhile (R26, R35)."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.deliver.incident_files import read
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings, load_settings
from pipeline.rights.results import MAX_IDS
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.workers.clean_up import by_hand, drive
from tests.incidents.files import incident, saved

PEOPLE = [f"00000000-0000-4000-8000-{number:012d}" for number in range(2 * MAX_IDS + 5)]


@pytest.fixture
def us() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(sandbox_project("us"), region="us") as standin:
        standin.privacy.options.gap_s = 0.0
        yield standin


@pytest.fixture
def config(us: MixpanelStandIn, tmp_path: Path) -> Path:
    content = {
        "mixpanel": {
            "us": {
                "token": us.project.token,
                "app_host": us.url,
                "privacy_token": us.project.privacy_token,
            }
        },
        "rights": {"poll_s": 0.05, "call_gap_s": 0.01, "retry_base_s": 0.02, "retry_cap_s": 0.05},
    }
    path = tmp_path / "settings.yaml"
    with path.open("w") as file:
        YAML().dump(content, file)
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "incidents"
    made.mkdir()
    return made


def run(path: Path, settings: Settings) -> list[str]:
    said: list[str] = []
    asyncio.run(asyncio.wait_for(drive(path, settings, lambda: 1_795_000_000_000, said.append), 120))
    return said


def test_every_pseudonym_is_deleted_in_calls_of_what_mixpanel_takes(
    us: MixpanelStandIn, config: Path, directory: Path
) -> None:
    path = saved(directory, pseudonyms=PEOPLE)
    run(path, load_settings(config))
    assert sorted(us.privacy.deleted_ids()) == PEOPLE
    assert [len(call.ids) for call in us.privacy.submitted()] == [MAX_IDS, MAX_IDS, 5]
    assert [task.status for task in read(path).clean_up] == ["SUCCESS"] * 3


def test_whatever_goes_wrong_it_is_tried_until_it_succeeds(us: MixpanelStandIn, config: Path, directory: Path) -> None:
    for fault in ("rate_limited", "internal_error", "html_ok", "close"):
        us.fail_privacy(fault, times=1)
    us.privacy.next_status("STARTED", "FAILURE")
    path = saved(directory)
    said = run(path, load_settings(config))
    assert sorted(us.privacy.deleted_ids()) == incident().pseudonyms
    assert any("submitted again" in line for line in said)
    assert not any(each in line for line in said for each in incident().pseudonyms)


def test_people_who_are_found_later_are_deleted_by_a_second_run(
    us: MixpanelStandIn, config: Path, directory: Path
) -> None:
    path = saved(directory, pseudonyms=PEOPLE[:2])
    run(path, load_settings(config))
    saved(directory, pseudonyms=PEOPLE[:3], clean_up=read(path).clean_up)
    run(path, load_settings(config))
    assert [call.ids for call in us.privacy.submitted()] == [tuple(PEOPLE[:2]), (PEOPLE[2],)]


def test_a_token_that_is_not_accepted_needs_somebody(us: MixpanelStandIn, config: Path, directory: Path) -> None:
    us.privacy.options.bearers = {"another"}
    path = saved(directory)
    with pytest.raises(ConfigError, match="PRIVACY_TOKEN"):
        run(path, load_settings(config))
    us.privacy.options.bearers = {us.project.privacy_token}
    run(path, load_settings(config))
    assert read(path).clean_up[0].status == "SUCCESS"


def test_a_region_without_a_project_here_needs_somebody(config: Path, directory: Path) -> None:
    with pytest.raises(ConfigError, match="COPPICE_MIXPANEL__IN__TOKEN"):
        run(saved(directory, region="in"), load_settings(config))


def test_killed_in_the_middle_it_goes_on_where_it_was(us: MixpanelStandIn, config: Path, directory: Path) -> None:
    us.privacy.options.polls_a_stage = 1000
    path = saved(directory)
    command = [sys.executable, "-m", "pipeline", "incident", "clean-up", str(path), "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        try:
            _until(lambda: read(path).clean_up and read(path).clean_up[0].tracking_id)
        finally:
            first.send_signal(signal.SIGKILL)
    us.privacy.options.polls_a_stage = 1
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    assert "has deleted everything" in done.stdout
    assert "180 days" in done.stdout
    assert len(us.privacy.submitted()) == 1
    assert sorted(us.privacy.deleted_ids()) == incident().pseudonyms
    assert read(path).clean_up[0].status == "SUCCESS"


def test_what_is_left_to_the_console_names_project_and_window() -> None:
    text = by_hand(incident())
    for part in ("project 42", "2026-11-25T09:58:00Z", "2026-11-25T09:59:58Z", "10 deletions a month", "7 days"):
        assert part in text


def _until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_region_s_incident_is_cleaned_up_at_its_own_project_though_one_fails_at_first(
    us: MixpanelStandIn, config: Path, directory: Path
) -> None:
    """The command for both files, one after the other; Mixpanel's US region is unwell, and then answers slowly."""
    people = {region: tuple(f"{number}0000000-0000-4000-8000-00000000000{at}" for at in range(3)) for number, region in
              enumerate(("us", "in"), 1)}  # fmt: skip
    paths = {region: saved(directory, region=region, pseudonyms=list(ids)) for region, ids in people.items()}
    with MixpanelStandIn(sandbox_project("in"), region="in") as india:
        india.privacy.options.gap_s = 0.0
        content = YAML(typ="safe").load(config)
        content["mixpanel"]["in"] = {
            "token": india.project.token,
            "app_host": india.url,
            "privacy_token": india.project.privacy_token,
        }
        with config.open("w") as file:
            YAML().dump(content, file)
        for fault in ("unavailable", "rate_limited", "close", "html_ok"):
            us.fail_privacy(fault, times=2)
        us.privacy.next_status("PENDING", "FAILURE", "STARTED")
        for region, path in paths.items():
            command = [sys.executable, "-m", "pipeline", "incident", "clean-up", str(path), "--config", str(config)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
            assert done.returncode == 0, done.stderr
            assert "has deleted everything" in done.stdout
            assert ("no result" in done.stdout) == (region == "us")
            assert not any(each in done.stdout + done.stderr for each in people[region])
        for standin in (us, india):
            assert sorted(standin.privacy.deleted_ids()) == list(people[standin.region])
            assert {call.ids for call in standin.privacy.submitted()} == {people[standin.region]}
    for path in paths.values():
        assert [task.status for task in read(path).clean_up] == ["SUCCESS"]
