"""`coppice sanitize`: files in, one outcome a line out, a summary beside it, and clear words for what is wrong."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.cli.main import cli
from pipeline.cli.sanitize import parse_moment
from pipeline.ops.errors import ConfigError
from tests.core.bad_records import BAD
from tests.core.worlds import DEMO_FILE, HOUR, NOW, RECORDS, SAMPLES, encode, raw_event

COPPICE = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "sanitize"]
ADULT = RECORDS["US/adult"]
EVENT = raw_event(event="level_started", properties={"level": 7, "world": "ocean", "difficulty": "easy"})
GOOD = encode(EVENT)

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COPPICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command on raw bytes under the demo's settings, at a fixed time."""

    def call(
        raw: bytes, *more: str, records: tuple[Mapping[str, Any], ...] = (ADULT,), settings: bool = True
    ) -> Result:
        file, consent = tmp_path / "raw.ndjson", tmp_path / "consent.ndjson"
        file.write_bytes(raw)
        consent.write_bytes(b"\n".join(map(encode, records)))
        chosen = ["--settings", str(DEMO_FILE)] if settings else []
        arguments = ["sanitize", "--consent", str(consent), *chosen, "--now", str(NOW), *more, str(file)]
        return CliRunner().invoke(cli, arguments, catch_exceptions=False)

    return call


def outcomes(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_clean_dropped_and_rejected_lines(run: Run) -> None:
    unknown = encode(EVENT | {"profile_id": "somebody"})
    clean, dropped, rejected = outcomes(run(b"\n".join([GOOD, unknown, b"{"])))
    properties = clean["event"].pop("properties")
    assert clean == {
        "line": 0,
        "outcome": "clean",
        "region": "us",
        "cohort": "US/adult",
        "event": {"event": "level_started"},
    }
    assert properties.items() >= EVENT["properties"].items()
    assert properties["ip"] == 0
    assert dropped == {"line": 1, "outcome": "dropped", "reason": "no_consent", "cohort": "US/unknown"}
    assert rejected == {"line": 2, "outcome": "rejected", "reason": "not_json", "path": ""}


def test_an_update_of_a_profile_is_told_as_one(run: Run) -> None:
    about = {name: EVENT[name] for name in ("profile_id", "region", "received_at")}
    update = {"$token": "t", "$distinct_id": "raw", "$set": {"plan": "family", "x": 1}, "coppice": about}
    clean, dropped = outcomes(run(encode(update) + b"\n" + encode(update | {"$add": {"levels_completed": 1}})))
    profile = clean.pop("profile")
    assert clean == {"line": 0, "outcome": "clean", "region": "us", "cohort": "US/adult"}
    assert profile == {
        "$distinct_id": profile["$distinct_id"], "$ip": "0", "$ignore_time": True,
        "$time": (NOW - HOUR + 800) // 1000, "$set": {"plan": "family"},
    }  # fmt: skip
    assert dropped["reason"] == "profile_not_repeatable"


def test_array_elements_share_the_line(run: Run) -> None:
    raw = GOOD + b"\n[" + GOOD + b",7," + GOOD + b"]\n\xef\xbb\xbf [" + GOOD + b"]\n" + GOOD
    found = [(o["line"], o.get("index"), o["outcome"]) for o in outcomes(run(raw))]
    assert found == [
        (0, None, "clean"),
        (1, 0, "clean"),
        (1, 1, "rejected"),
        (1, 2, "clean"),
        (2, 0, "clean"),
        (3, None, "clean"),
    ]


def test_bad_lines_between_good_ones(run: Run) -> None:
    bad = {name: case for name, case in BAD.items() if b"\n" not in case[0]}
    raw = GOOD + b"\n" + b"".join(case[0] + b"\n" + GOOD + b"\n" for case in bad.values())
    found = outcomes(run(raw))
    assert len(found) == 2 * len(bad) + 1
    assert {o["outcome"] for o in found[::2]} == {"clean"}
    assert len({json.dumps(o["event"]) for o in found[::2]}) == 1
    for number, (name, (_, reason, path)) in enumerate(bad.items()):
        shown = {key: value for key, value in found[2 * number + 1].items() if key != "index"}
        assert shown == {"line": 2 * number + 1, "outcome": "rejected", "reason": reason, "path": path}, name


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_ends_of_lines(run: Run, end: bytes) -> None:
    between = end or b"\n"
    assert [o["outcome"] for o in outcomes(run(GOOD + between + GOOD + end))] == ["clean", "clean"]


def test_empty_file_and_blank_line(run: Run) -> None:
    assert outcomes(run(b"")) == []
    found = outcomes(run(GOOD + b"\n\n" + GOOD))
    assert [o.get("reason") for o in found] == [None, "empty", None]
    assert [o["line"] for o in found] == [0, 1, 2]


def test_summary_counts_on_stderr(run: Run) -> None:
    result = run(b"\n".join([GOOD, GOOD, b"{", encode(EVENT | {"region": "GB"})]))
    words = [line.split() for line in result.stderr.splitlines()]
    assert words[0] == ["policy", "demo-2026-11-25:", "4", "events"]
    assert words[1:] == [["2", "clean"], ["1", "dropped", "unknown_region"], ["1", "rejected", "not_json"]]
    assert "policy" not in result.stdout


def test_nothing_leaves_without_settings(run: Run) -> None:
    raw = (SAMPLES / "raw_events.ndjson").read_bytes()
    records = [json.loads(line) for line in (SAMPLES / "consent.ndjson").read_bytes().splitlines()]
    found = outcomes(run(raw, records=tuple(records), settings=False))
    assert len(found) == 600
    assert {o["outcome"] for o in found} == {"dropped"}


def test_samples_under_the_demo_settings(run: Run) -> None:
    raw = (SAMPLES / "raw_events.ndjson").read_bytes()
    records = tuple(json.loads(line) for line in (SAMPLES / "consent.ndjson").read_bytes().splitlines())
    found = outcomes(run(raw, records=records))
    assert [o["line"] for o in found] == list(range(600))
    leaving = [o["region"] for o in found if o["outcome"] == "clean"]
    assert (leaving.count("us"), leaving.count("in")) == (98, 35)
    assert all(o.get("reason") for o in found if o["outcome"] != "clean")


def test_no_personal_value_but_the_kept_ones_is_printed(run: Run) -> None:
    secret = {"ref": "canary-1", "canary-2": 1, "dob": "2016-04-09", "x": [{"y": "canary-3"}]}
    for event in (EVENT | {"properties": secret}, EVENT | {"profile_id": "canary-4", "time": "canary-5"}):
        result = run(encode(event) + b"\n" + encode(event)[:-1])
        assert "canary" not in result.stdout + result.stderr
        assert "2016-04-09" not in result.stdout + result.stderr


# --- consent file


def test_last_consent_record_of_a_profile_counts(run: Run) -> None:
    withdrawn = ADULT | {"withdrawn_at": NOW - HOUR}
    assert outcomes(run(GOOD, records=(ADULT, withdrawn)))[0]["reason"] == "consent_withdrawn"
    assert outcomes(run(GOOD, records=(withdrawn, ADULT)))[0]["outcome"] == "clean"


def test_consent_records_that_are_not_valid_count_as_none(run: Run, tmp_path: Path) -> None:
    result = run(GOOD, records=(ADULT, ADULT | {"granted_at": "yesterday"}))
    (dropped,) = outcomes(result)
    assert dropped["reason"] == "consent_unreadable"
    assert "1 consent records are not valid" in result.stderr
    consent = tmp_path / "odd.ndjson"
    odd = [b"{", b"[]", b"7", b"\xff", b'{"profile_id":7}', b'{"profile_id":"\\ud800"}', b"[" * 100_000, b""]
    consent.write_bytes(b"\n".join([*odd, encode(ADULT)]))
    result = run(GOOD, "--consent", str(consent))
    assert outcomes(result)[0]["outcome"] == "clean"
    assert f"{len(odd) - 1} consent records are not valid" in result.stderr


def test_without_a_consent_file_there_is_no_consent(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(GOOD)
    result = CliRunner().invoke(
        cli, ["sanitize", "--settings", str(DEMO_FILE), "--now", str(NOW), str(tmp_path / "raw")]
    )
    assert outcomes(result)[0]["reason"] == "no_consent"


# --- time, standard input, keys


def test_standard_input_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["sanitize", "--now", str(NOW), "-"], input=GOOD + b"\n" + b"{\n")
    assert [o["outcome"] for o in outcomes(result)] == ["dropped", "rejected"]


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1795600000000", 1_795_600_000_000),
        ("2026-11-25T09:46:40Z", 1_795_600_000_000),
        ("2026-11-25T15:16:40+05:30", 1_795_600_000_000),
        ("2026-11-25T09:46:40", 1_795_600_000_000),
        ("2026-11-25", 1_795_564_800_000),
        ("0", 0),
    ],
)
def test_now_is_read(text: str, millis: int) -> None:
    assert parse_moment(text) == millis


@pytest.mark.parametrize(
    "text", ["", "now", "yesterday", "-1", "1e12", "9" * 30, "9" * 5_000, "１７", "2026-13-01", "0001-01-01"]
)
def test_now_that_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="--now"):
        parse_moment(text)


def test_now_decides(run: Run) -> None:
    assert outcomes(run(GOOD, "--now", "2026-11-25T09:46:40Z"))[0]["outcome"] == "clean"
    assert outcomes(run(GOOD, "--now", str(NOW - 3 * HOUR)))[0]["reason"] == "time_in_future"


def test_same_file_twice_is_the_same_bytes(run: Run) -> None:
    assert run(GOOD).stdout == run(GOOD).stdout


def test_own_key_ring_is_used(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = outcomes(run(GOOD))[0]["event"]["properties"]
    assert CliRunner().invoke(cli, ["keys", "new", str(tmp_path / "keys.json")]).exit_code == 0
    monkeypatch.setenv("COPPICE_KEYS_FILE", str(tmp_path / "keys.json"))
    own = outcomes(run(GOOD))[0]["event"]["properties"]
    assert own["distinct_id"] != trial["distinct_id"]
    assert own["$insert_id"] != trial["$insert_id"]


def test_line_of_five_megabytes_is_too_large_and_its_neighbours_leave(run: Run) -> None:
    huge = GOOD[:-1] + b',"x":"' + b"x" * 5_000_000 + b'"}'
    found = outcomes(run(GOOD + b"\n" + huge + b"\n" + GOOD + b"\n" + huge))
    assert [o.get("reason", o["outcome"]) for o in found] == ["clean", "too_large", "clean", "too_large"]
