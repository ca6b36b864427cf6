"""An export: Mixpanel collects, the desk fetches; and the map of the data that goes with it."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.ops.errors import ConfigError
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.rights.datamap import data_map
from pipeline.rights.export import fetch, write_new
from pipeline.rights.requests import Kind
from pipeline.rights.results import Completed
from pipeline.sandbox.mixpanel_privacy import PrivacyTask, Task
from pipeline.stream.topics import CONSENT, IDENTITIES
from tests.rights.desk import Desk


async def export(desk: Desk, profile: str) -> list[Completed]:
    """Export somebody; return what Mixpanel has finished."""
    request = desk.file(Kind.EXPORT, profile)
    async with desk.agent():
        await desk.until_state(request, "done")
    return [result for result in desk.results(request) if isinstance(result, Completed)]


async def test_an_export_asks_for_every_id_and_changes_nothing(desk: Desk) -> None:
    profile = desk.person(Region.US, Region.IN)
    finished = await export(desk, profile)
    request = finished[0].request_id
    assert sorted(result.region for result in finished) == [Region.IN, Region.US]
    for region, standin in desk.standins.items():
        (call,) = standin.privacy.submitted(Task.RETRIEVAL)
        assert set(call.ids) == desk.ids(request)[region]
        assert (call.document["compliance_type"], call.document["disclosure_type"]) == ("CCPA", "Data")
        assert standin.privacy.submitted(Task.DELETION) == []
    for topic in (CONSENT, IDENTITIES):
        assert await desk.records(topic) == []
    assert await desk.suppressed() == set()


async def test_exports_of_two_people_never_share_a_call(desk: Desk) -> None:
    requests = [desk.file(Kind.EXPORT, desk.person()) for _ in range(2)]
    desk.us.fail_privacy("rate_limited", times=5)
    async with desk.agent():
        for request in requests:
            await desk.until_state(request, "done")
    calls = desk.us.privacy.submitted(Task.RETRIEVAL)
    assert sorted(map(set, (call.ids for call in calls)), key=min) == sorted(
        (desk.ids(request)[Region.US] for request in requests), key=min
    )


async def test_an_export_of_nobody_is_answered_at_once(desk: Desk) -> None:
    assert await export(desk, "nobody") == []
    assert desk.us.privacy.calls == []


async def test_finished_files_are_fetched_for_their_owner_only(desk: Desk, tmp_path: Path) -> None:
    finished = await export(desk, desk.person(Region.US, Region.IN))
    paths = await fetch(desk.settings, finished, tmp_path)
    assert sorted(path.name for path in paths) == ["in-0.export", "us-1.export"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    with pytest.raises(ConfigError, match="exists; it is not overwritten"):
        await fetch(desk.settings, finished, tmp_path)


async def test_what_cannot_be_fetched_leaves_no_file(desk: Desk, tmp_path: Path) -> None:
    finished = await export(desk, desk.person())
    directory = tmp_path / "files"
    directory.mkdir()
    desk.us.privacy.options.bearers = {"renewed"}
    with pytest.raises(ConfigError, match="COPPICE_MIXPANEL__US__PRIVACY_TOKEN"):
        await fetch(desk.settings, finished, directory)
    desk.token_file.write_text("renewed", encoding="utf-8")
    tasks = desk.us.privacy.tasks
    tasks[finished[0].tracking_id].export = b""
    with pytest.raises(ConfigError, match=r"the file is not served \(404\)"):
        await fetch(desk.settings, finished, directory)
    tasks.clear()
    with pytest.raises(ConfigError, match="no file for it now"):
        await fetch(desk.settings, finished, directory)
    desk.us.privacy.url = "http://example.com"
    number = finished[0].tracking_id
    tasks[number] = PrivacyTask(number, Task.RETRIEVAL, ("a",), status="SUCCESS", export=b"x")
    with pytest.raises(ConfigError, match="not behind https"):
        await fetch(desk.settings, finished, directory)
    assert list(directory.iterdir()) == []


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError), write_new(tmp_path / "file") as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="cannot be written"), write_new(tmp_path / "absent" / "file"):
        raise AssertionError


def test_the_data_map_is_about_the_person_s_regions() -> None:
    policy = replace(load_policy(), version="v1")
    items = {cohort: [{"name": f"item of {cohort}"}] for cohort in Cohort}
    grounds = {cohort: ["analytics"] for cohort in Cohort}
    found = data_map({Region.IN}, items, grounds, [{"store": "a", "limit": "1 d"}], policy, 1_790_000_000_000)
    assert set(found["what_leaves"]) == {"IN/child", "IN/adult", "IN/unknown"}
    assert found["what_leaves"]["IN/adult"] == {"grounds": ["analytics"], "items": [{"name": "item of IN/adult"}]}
    assert found["disclosed_to"] == ["Mixpanel, project in India"]
    assert found["kept"] == [{"store": "a", "limit": "1 d"}]
    assert found["policy"]["version"] == "v1"
