"""The key ring as it is written down: from a file or the environment, refused when it is weak, and never shown."""

import base64
import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.identity import KEY_NAMES, KeyVersion
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings, load_settings
from pipeline.policy.vocabulary import Region, Space
from pipeline.workers.key_file import PLACES, create_key_file, new_key_file
from pipeline.workers.keys import load_key_ring, parse_moment, trial_key_ring, written
from tests.cli.key_rings import NOW, loaded, secrets_of, write

Ring = dict[str, dict[str, Any]]


def refused(path: Path, content: str | bytes) -> str:
    """Write a key file that must be refused; return the words."""
    write(path, content)
    with pytest.raises(ConfigError) as caught:
        loaded(path)
    # a traceback would show the file's text, where an exception of the JSON reader hung on
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def problems(path: Path, ring: Any) -> list[str]:
    """Write a ring that must be refused, and whose secrets no text may show; return its problems."""
    text = refused(path, json.dumps(ring))
    assert not [secret for secret in secrets_of(ring) if secret in text]
    return [line.strip() for line in text.splitlines()[1:]]


@pytest.fixture
def ring() -> Ring:
    return new_key_file(NOW)


def test_two_files_share_no_key(ring: Ring) -> None:
    assert len(secrets_of(ring)) == 3 * len(PLACES)
    assert not secrets_of(ring) & secrets_of(new_key_file(NOW))


def test_unset_and_missing_file_say_how_to_make_one(tmp_path: Path) -> None:
    for settings in (Settings(), Settings(keys_file=tmp_path / "missing.json"), Settings(keys_file=tmp_path)):
        with pytest.raises(ConfigError, match=r"coppice keys new FILE.*COPPICE_KEYS_FILE"):
            load_key_ring(settings)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o610, 0o666])
def test_file_that_is_open_to_others_is_refused_with_the_way_out(tmp_path: Path, ring: Ring, mode: int) -> None:
    file = tmp_path / "keys.json"
    write(file, json.dumps(ring))
    file.chmod(mode)
    with pytest.raises(ConfigError, match=rf"{file} is open to others.*mode {mode:o}\); chmod 600 {file}"):
        loaded(file)
    file.chmod(0o400)
    loaded(file)


# --- where it comes from


def test_environment_holds_the_ring_itself(tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.json"
    write(file, json.dumps(ring))
    regions = loaded(file).regions
    monkeypatch.setenv("COPPICE_KEYS", json.dumps(ring))
    settings = load_settings()
    assert load_key_ring(settings).regions == regions
    assert not [secret for secret in secrets_of(ring) if secret in repr(settings) + str(settings)]


def test_file_and_environment_together_are_refused(tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_KEYS", json.dumps(ring))
    monkeypatch.setenv("COPPICE_KEYS_FILE", str(tmp_path / "keys.json"))
    with pytest.raises(ConfigError, match=r"COPPICE_KEYS_FILE\), not both") as caught:
        load_settings()
    assert not [secret for secret in secrets_of(ring) if secret in str(caught.value)]


@pytest.mark.parametrize("text", ["{", "[]", '{"us": "SECRETSECRET"}'])
def test_wrong_ring_in_the_environment_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_KEYS", text)
    with pytest.raises(ConfigError, match=r"^keys \(COPPICE_KEYS\)") as caught:
        load_key_ring(load_settings())
    assert "SECRETSECRET" not in str(caught.value)


def test_ring_is_bound_to_the_projects(tmp_path: Path, ring: Ring) -> None:
    """R15: one key file for two projects, and nobody has one name in both."""
    write(tmp_path / "keys.json", json.dumps(ring))

    def name(region: Region, us: str, india: str) -> str:
        projects = {"us": {"project_id": us}, "in": {"project_id": india}}
        keys = load_key_ring(Settings.model_validate({"keys_file": tmp_path / "keys.json", "mixpanel": projects}))
        return keys.pseudonym(region, Space.ANALYTICS, "p", "g", NOW, 86_400_000)

    assert name(Region.US, "1", "2") == name(Region.US, "1", "3") != name(Region.US, "4", "2")
    assert name(Region.IN, "1", "2") == name(Region.IN, "3", "2") != name(Region.IN, "1", "4")


# --- what is in it


def test_single_object_is_one_version_from_the_beginning(tmp_path: Path, ring: Ring) -> None:
    old_form = {
        region: {name: {"version": "7", "secret": versions[0]["secret"]} for name, versions in keys.items()}
        for region, keys in ring.items()
    }
    write(tmp_path / "old.json", json.dumps(old_form))
    keys = loaded(tmp_path / "old.json")
    for region in Region:
        for name, series in keys.regions[region].named():
            secret = base64.b64decode(ring[region][name][0]["secret"])
            assert series == (KeyVersion("7", secret, 0, retired=False, made_ms=None),)


def test_versions_are_read_with_their_times(tmp_path: Path, ring: Ring) -> None:
    second, third = (new_key_file(NOW)["us"]["analytics"][0] for _ in range(2))
    ring["us"]["analytics"] += [  # in any order
        third | {"version": "third", "from": "2027-03-01T12:30:00.250Z"},
        second | {"version": "2", "from": "2026-12-01"},
    ]
    del ring["us"]["analytics"][0]["secret"]
    ring["us"]["analytics"][0]["retired"] = True
    write(tmp_path / "keys.json", json.dumps(ring))
    series = loaded(tmp_path / "keys.json").regions[Region.US].spaces[Space.ANALYTICS]
    assert [(each.version, each.from_ms, each.retired, len(each.secret)) for each in series] == [
        ("1", 0, True, 0),
        ("2", 1_796_083_200_000, False, 32),
        ("third", 1_803_904_200_250, False, 32),
    ]


@pytest.mark.parametrize(
    "content",
    ["", "not json SECRETSECRET", '{"us": "SECRETSECRET"', b"\xff\xfeSECRETSECRET", b'"SECRETSECRET', "[" * 100_000],
    ids=lambda content: repr(content)[:20],
)
def test_file_that_is_not_json(tmp_path: Path, content: str | bytes) -> None:
    text = refused(tmp_path / "keys.json", content)
    assert "is not JSON" in text
    assert "SECRETSECRET" not in text


@pytest.mark.parametrize("value", [None, [], "SECRETSECRET", 5, {}, {"us": []}, {"us": {"analytics": "SECRETSECRET"}}])
def test_json_that_is_no_key_ring_says_every_key_that_is_missing(tmp_path: Path, value: Any) -> None:
    text = refused(tmp_path / "keys.json", json.dumps(value))
    assert text.count("is missing") == len(PLACES)
    assert "SECRETSECRET" not in text


def test_key_that_is_named_twice_is_refused(tmp_path: Path, ring: Ring) -> None:
    text = json.dumps(ring)[:-1] + ',"us":{}}'
    assert "names a key twice" in refused(tmp_path / "keys.json", text)


Change = Callable[[Ring, str, str], None]


def missing(ring: Ring, region: str, name: str) -> None:
    del ring[region][name]


def empty(ring: Ring, region: str, name: str) -> None:
    ring[region][name] = []


def without_secret(ring: Ring, region: str, name: str) -> None:
    ring[region][name] = {"version": "1"}


def short(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = base64.b64encode(os.urandom(31)).decode()


def flat(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = base64.b64encode(b"changeme" * 8).decode()


def few(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = base64.b64encode(bytes([200, 201, 202, 203]) * 8).decode()


def zero(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = base64.b64encode(bytes(32)).decode()


def sentence(ring: Ring, region: str, name: str) -> None:
    text = b"correct horse battery staple, quickly vexed jumping fox"
    ring[region][name][0]["secret"] = base64.b64encode(text).decode()


def spoilt(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = "*" + ring[region][name][0]["secret"]


def foreign(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = "ключ-ключ-ключ-ключ-ключ-ключ"


def hexadecimal(ring: Ring, region: str, name: str) -> None:
    ring[region][name][0]["secret"] = "0011" * 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (missing, "is missing"),
        (empty, "is missing"),
        (without_secret, "is missing"),
        (short, "is shorter than 32 bytes"),
        (flat, "is not random"),
        (few, "is not random"),
        (zero, "is not random"),
        (sentence, "is not random"),
        (spoilt, "is not base64"),
        (foreign, "is not base64"),
        (hexadecimal, "is shorter than 32 bytes"),
    ],
)
@pytest.mark.parametrize(("region", "name"), PLACES)
def test_weak_key_is_named_and_not_shown(
    tmp_path: Path, ring: Ring, region: str, name: str, change: Change, words: str
) -> None:
    change(ring, region, name)
    assert problems(tmp_path / "keys.json", ring) == [f"{region}.{name}: {words}"]


@pytest.mark.parametrize(("region", "name"), PLACES[1:])
def test_every_key_is_its_own(tmp_path: Path, ring: Ring, region: str, name: str) -> None:
    first_region, first_name = PLACES[0]
    ring[region][name] = copy.deepcopy(ring[first_region][first_name])
    (problem,) = problems(tmp_path / "keys.json", ring)
    assert problem == f"{region}.{name}: is the same as another key; every key must be its own"


@pytest.mark.parametrize("retired", [False, True])
def test_no_version_repeats_another_not_even_a_retired_one(tmp_path: Path, ring: Ring, retired: bool) -> None:
    secret = ring["in"]["event_ids"][0]["secret"]
    if retired:
        ring["in"]["event_ids"][0]["retired"] = True
        ring["in"]["event_ids"].append(new_key_file(NOW)["us"]["analytics"][0] | {"version": "2", "from": "2026-12-01"})
    ring["us"]["analytics"].append({"version": "2", "secret": secret, "from": "2026-12-01"})
    found = problems(tmp_path / "keys.json", ring)
    assert [problem for problem in found if "is the same as another key" in problem] == found
    assert len(found) == 1


def versions(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return versions of one key, each with changes; a value of None takes the field away."""
    made = [new_key_file(NOW)["us"]["analytics"][0] | change for change in changes]
    return [{name: value for name, value in each.items() if value is not None} for each in made]


SECOND = {"version": "2", "from": "2026-12-01"}
THIRD = {"version": "3", "from": "2027-01-01"}
GONE = {"retired": True, "secret": None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"from": "2026-12-01"}], "no version covers the oldest events"),
        ([SECOND, THIRD], "no version covers the oldest events"),
        ([{}, SECOND, THIRD | {"from": "2026-12-01T00:00:00Z"}], "two versions are in force from the same moment"),
        ([{}, {"version": "2"}], "two versions are in force from the same moment"),
        ([{}, {"version": "2", "from": "1970-01-01"}], "two versions are in force from the same moment"),
        ([{}, SECOND | {"version": "1"}], "two versions have one name"),
        ([GONE], "its newest version is retired"),
        ([GONE, SECOND | GONE], "its newest version is retired"),
        ([{}, SECOND | GONE, THIRD], "a version is retired, and an older one is not"),
    ],
)
def test_gap_between_versions_is_refused(tmp_path: Path, ring: Ring, changes: list[dict[str, Any]], words: str) -> None:
    ring["in"]["internal_ops"] = versions(*changes)
    (problem,) = problems(tmp_path / "keys.json", ring)
    assert problem.startswith(f"in.internal_ops: {words}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from": "soon"}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"from": "2026-12-01T00:00:00"}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"from": "2026-12-01T05:30:00+05:30"}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"from": 1_796_083_200_000}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"from": "1969-12-31"}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"made": "soon"}, "its time is neither a date nor ISO 8601 in UTC"),
        ({"version": None}, "its version is not a word"),
        ({"version": 2}, "its version is not a word"),
        ({"version": "SECRETSECRETSECRET"}, "its version is not a word"),
        ({"retired": "yes"}, "retired is not true or false"),
        ({"form": "2027-01-01"}, "has a field that is not known"),
        ({"secret": None}, "is missing"),
    ],
    ids=str,
)
def test_version_that_cannot_be_read_is_named_by_its_place(
    tmp_path: Path, ring: Ring, change: dict[str, Any], words: str
) -> None:
    ring["us"]["event_ids"] = versions({}, SECOND, THIRD | change)
    (problem,) = problems(tmp_path / "keys.json", ring)
    assert problem.startswith(f"us.event_ids[2]: {words}")
    assert "SECRETSECRETSECRET" not in problem


def test_names_that_nobody_knows_are_refused_and_not_shown(tmp_path: Path, ring: Ring) -> None:
    ring["in"]["SECRETSECRET"] = ring["eu"] = {}
    text = "\n".join(problems(tmp_path / "keys.json", ring))
    assert text.count("it names another") == 2
    assert "SECRETSECRET" not in text


def test_all_problems_are_said_at_once(tmp_path: Path, ring: Ring) -> None:
    short(ring, *PLACES[0])
    missing(ring, *PLACES[1])
    zero(ring, *PLACES[4])
    assert [line.split(":")[0] for line in problems(tmp_path / "keys.json", ring)] == [
        f"{region}.{name}" for region, name in (PLACES[0], PLACES[1], PLACES[4])
    ]


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-12-01", 1_796_083_200_000),
        ("2026-12-01T00:00:00Z", 1_796_083_200_000),
        ("2026-12-01T00:00:00.001+00:00", 1_796_083_200_001),
        ("2026-12-01 00:00Z", 1_796_083_200_000),
        ("1970-01-01", 0),
    ],
)
def test_moments_are_read_and_written(text: str, millis: int) -> None:
    assert parse_moment(text) == millis
    assert parse_moment(written(millis)) == millis


def test_trial_keys_are_whole_and_apart() -> None:
    keys = trial_key_ring()
    names = {keys.pseudonym(region, space, "p", "c", NOW, 1) for region in Region for space in Space}
    assert len(names) == len(Region) * len(Space)
    assert keys.event_id(Region.US, b"x", NOW) != keys.event_id(Region.IN, b"x", NOW)
    assert trial_key_ring().regions == keys.regions


def test_every_key_of_a_new_file_is_in_the_ring(tmp_path: Path) -> None:
    create_key_file(tmp_path / "keys.json", NOW)
    keys = loaded(tmp_path / "keys.json")
    assert [(region, name) for region in Region for name, _ in keys.regions[region].named()] == [
        (region, name) for region in Region for name in KEY_NAMES
    ]
    assert keys.ages_ms(NOW + 5_000) == dict.fromkeys(PLACES, 5_000)
