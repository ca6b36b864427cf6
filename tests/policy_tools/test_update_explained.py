"""An explanation and a difference of policies tell of updates of profiles as they do of events."""

from pathlib import Path
from typing import Any

from msgspec import UNSET

from pipeline.core.explain import explain
from pipeline.core.outcome import Clean, Dropped
from tests.core.worlds import HOUR, NOW, OPEN, RECORDS, encode, merged, world
from tests.mixpanel_input.sdk import with_profile
from tests.policy_tools.commands import coppice, yaml_file

STRICTER, LOOSER = 3, 4
UPDATE: dict[str, Any] = {
    "$token": "t",
    "$distinct_id": "raw-id",
    "$time": NOW - HOUR,
    "$set": {"plan": "family", "$email": "asha@example.com", "levels_completed": 9_999},
    "$union": {"worlds": ["ocean"]},
    "$unset": ["app_language"],
    "coppice": {"profile_id": "profile-0001", "region": "US", "received_at": NOW - HOUR + 800},
}


def test_what_leaves_of_an_update_and_what_does_not() -> None:
    here = with_profile(world(OPEN, records=(RECORDS["US/adult"],)))
    (told,) = explain(encode(UPDATE), here.consents, here.context)
    assert isinstance(told.outcome, Clean)
    after = {each.name: each.after for each in told.properties}
    assert after == {"plan": "family", "$email": UNSET, "levels_completed": UNSET, "worlds": ["ocean"]}
    goes_to = {each.name: (each.goes_to, each.after) for each in told.envelope}
    assert goes_to["profile_id"] == ("$distinct_id", told.outcome.key.decode())
    assert goes_to["time"] == ("$time", (NOW - HOUR) // 1000)
    assert goes_to["region"] == (None, UNSET)
    assert dict(told.added)["$ip"] == "0"
    assert not {"plan", "$set"} & dict(told.added).keys()


def test_nothing_of_an_update_that_stays() -> None:
    here = with_profile(world(OPEN, records=(RECORDS["US/teen"],)))
    (told,) = explain(encode(UPDATE), here.consents, here.context)
    assert isinstance(told.outcome, Dropped)
    assert all(each.after is UNSET for each in told.properties)
    assert all(each.after is UNSET for each in told.envelope)
    assert told.added == ()


def test_the_commands_take_updates(tmp_path: Path) -> None:
    raw, consent = tmp_path / "raw.ndjson", tmp_path / "consent.ndjson"
    raw.write_bytes(encode(UPDATE) + b"\n")
    consent.write_bytes(encode(RECORDS["US/adult"]) + b"\n")
    settings = yaml_file(tmp_path / "open.yaml", OPEN)
    shown = coppice("explain", raw, "--consent", consent, "--settings", settings, "--now", NOW, check=0).stdout
    assert "LEAVES for the US project" in shown
    assert "$distinct_id" in shown
    closed = yaml_file(tmp_path / "closed.yaml", merged(OPEN, {"vendor_gate": {"us_adult": None}}))
    rotated = yaml_file(tmp_path / "rotated.yaml", merged(OPEN, {"pseudonym": {"rotation_days": {"adult": 300}}}))
    for other, status in ((closed, STRICTER), (rotated, STRICTER)):
        arguments = ("--sample", raw, "--consent", consent, "--now", NOW)
        told = coppice("policy", "diff", settings, other, *arguments, check=status).stdout
        assert "asha" not in told
        coppice("policy", "diff", other, settings, *arguments, check=LOOSER)
