"""The key ring: made safely, refused when it is weak, and never shown."""

import base64
import copy
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from pipeline.policy.vocabulary import Region, Space
from pipeline.workers.keys import NAMES, load_key_ring, new_key_file, trial_key_ring

Ring = dict[str, dict[str, dict[str, str]]]
PLACES = [(region, name) for region in Region for name in NAMES]


def refused(path: Path, content: str | bytes) -> str:
    """Write a key file that must be refused; return the words."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load_key_ring(path)
    # a traceback would show the file's text, where an exception of the JSON reader hung on
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def secrets_of(ring: Any) -> set[str]:
    """Return every form in which a secret of the ring might be shown."""
    found: set[str] = set()
    for place in ring.values():
        for key in place.values():
            text = key.get("secret") if isinstance(key, dict) else None
            if isinstance(text, str):
                raw = base64.b64decode(text.encode() + b"==")
                found |= {text, raw.hex(), repr(raw)} if raw else {text}
    return found


@pytest.fixture
def ring() -> Ring:
    return new_key_file()


def test_new_file_is_its_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    old = os.umask(0)
    try:
        result = CliRunner().invoke(cli, ["keys", "new", str(file)], catch_exceptions=False)
    finally:
        os.umask(old)
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ring = json.loads(file.read_text())
    assert not any(secret in result.output for secret in secrets_of(ring))
    keys = load_key_ring(file)
    raw = [key for region in Region for key in (*keys.regions[region].spaces.values(), keys.regions[region].event_ids)]
    assert len(set(raw)) == len(PLACES)
    assert {len(key) for key in raw} == {32}
    assert set(keys.regions[Region.US].spaces) == set(Space)


def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text("mine")
    result = CliRunner().invoke(cli, ["keys", "new", str(file)])
    assert isinstance(result.exception, ConfigError)
    assert str(file) in str(result.exception)
    assert file.read_text() == "mine"
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "nowhere")
    assert isinstance(CliRunner().invoke(cli, ["keys", "new", str(link)]).exception, ConfigError)
    assert not (tmp_path / "nowhere").exists()


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["keys", "new", str(tmp_path / "missing" / "keys.json")])
    assert isinstance(result.exception, ConfigError)


def test_two_files_share_no_key() -> None:
    one, two = new_key_file(), new_key_file()
    assert not secrets_of(one) & secrets_of(two)


def test_unset_and_missing_file_say_how_to_make_one(tmp_path: Path) -> None:
    for path in (None, tmp_path / "missing.json", tmp_path):
        with pytest.raises(ConfigError, match=r"coppice keys new FILE.*COPPICE_KEYS_FILE"):
            load_key_ring(path)


@pytest.mark.parametrize(
    "content",
    ["", "not json SECRETSECRET", '{"us": "SECRETSECRET"', b"\xff\xfeSECRETSECRET", b'"SECRETSECRET'],
    ids=repr,
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


Change = Callable[[Ring, str, str], None]


def missing(ring: Ring, region: str, name: str) -> None:
    del ring[region][name]


def without_secret(ring: Ring, region: str, name: str) -> None:
    ring[region][name] = {"version": "1"}


def short(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = base64.b64encode(os.urandom(31)).decode()


def flat(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = base64.b64encode(b"changeme" * 8).decode()


def zero(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = base64.b64encode(bytes(32)).decode()


def spoilt(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = "*" + ring[region][name]["secret"]


def foreign(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = "ключ-ключ-ключ-ключ-ключ-ключ"


def hexadecimal(ring: Ring, region: str, name: str) -> None:
    ring[region][name]["secret"] = "0011" * 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (missing, "is missing"),
        (without_secret, "is missing"),
        (short, "is shorter than 32 bytes"),
        (flat, "is not random"),
        (zero, "is not random"),
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
    text = refused(tmp_path / "keys.json", json.dumps(ring))
    assert f"{region}.{name}: {words}" in text
    assert text.count("\n") == 1  # one problem, and only that one
    assert not [secret for secret in secrets_of(ring) if secret in text]


@pytest.mark.parametrize(("region", "name"), PLACES[1:])
def test_every_key_is_its_own(tmp_path: Path, ring: Ring, region: str, name: str) -> None:
    first_region, first_name = PLACES[0]
    ring[region][name] = copy.deepcopy(ring[first_region][first_name])
    text = refused(tmp_path / "keys.json", json.dumps(ring))
    assert f"{region}.{name}: is the same as another key" in text
    assert not [secret for secret in secrets_of(ring) if secret in text]


def test_all_problems_are_said_at_once(tmp_path: Path, ring: Ring) -> None:
    short(ring, *PLACES[0])
    missing(ring, *PLACES[1])
    zero(ring, *PLACES[4])
    text = refused(tmp_path / "keys.json", json.dumps(ring))
    assert [line.split(":")[0].strip() for line in text.splitlines()[1:]] == [
        f"{region}.{name}" for region, name in (PLACES[0], PLACES[1], PLACES[4])
    ]


def test_trial_keys_are_whole_and_apart() -> None:
    keys = trial_key_ring()
    names = {keys.pseudonym(region, space, "p", "c", 1) for region in Region for space in Space}
    assert len(names) == len(Region) * len(Space)
    assert keys.event_id(Region.US, b"x") != keys.event_id(Region.IN, b"x")
    assert keys.pseudonym(Region.US, Space.ANALYTICS, "p", "c", 1) == trial_key_ring().pseudonym(
        Region.US, Space.ANALYTICS, "p", "c", 1
    )
