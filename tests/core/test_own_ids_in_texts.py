"""Which texts are looked at for the event's own ids, and in which forms these are found (R15): one text at a time."""

import base64
import hashlib
import json
from typing import Any

import pytest

from pipeline.core.outcome import Clean
from pipeline.core.ruling import Ruling, ruling_for
from pipeline.core.select import Lost, holds_identifier, take_own_ids, texts_of
from pipeline.policy.vocabulary import Cohort
from tests.core.worlds import World, adult_world, consents_of, kept_names, raw_event, record_of

PROFILE, DEVICE = "player-x7k2", "device-q9z8"
CONTEXT = adult_world().context
RULING: Ruling = ruling_for(
    ("phrase", "note", "page"), CONTEXT.registry["analytics"], Cohort.US_ADULT, CONTEXT.policy, {}
)


def left_of(**kept: Any) -> set[str]:
    """Take the ids away, and return the names of what is left; each loss counts as an identifier."""
    lost: Lost = []
    names = set(kept)
    take_own_ids([PROFILE, DEVICE], RULING, kept, lost)
    assert sorted(rule.name for rule, _ in lost) == sorted(names - set(kept))
    assert all(found for _, found in lost)
    return set(kept)


def hashed(own: str, kind: str) -> bytes:
    return hashlib.new(kind, own.encode()).digest()


def bare(digest: bytes) -> str:
    return base64.b64encode(digest).decode().rstrip("=")


def test_a_property_that_is_not_there_does_not_hide_the_ones_behind_it() -> None:
    assert [name for name, _ in RULING.texts] == ["phrase", "note", "page"]
    assert left_of(page=f"see {DEVICE}") == set()
    assert left_of(note="well played", page=f"see {PROFILE}") == {"note"}


@pytest.mark.parametrize("own", [PROFILE, DEVICE, PROFILE.upper()])
@pytest.mark.parametrize("beside", ["", " 0123456789abcdef0123456789abcdef", " é"])
def test_an_id_as_it_is_is_found_whatever_stands_beside_it(own: str, beside: str) -> None:
    assert left_of(note=f"{own}{beside}", phrase=f"level one{beside}") == {"phrase"}


@pytest.mark.parametrize("value", [["level one", PROFILE], [["level one"], [DEVICE]]])
def test_an_id_in_a_list_is_found(value: list[Any]) -> None:
    assert left_of(note=value, phrase=["level one"]) == {"phrase"}


@pytest.mark.parametrize("own", [PROFILE, DEVICE])
@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("around", ["{}", "see {} ok", "é {}"])
def test_a_hash_of_an_id_is_found(own: str, kind: str, around: str) -> None:
    digest = hashed(own, kind)
    for form in (digest.hex(), digest.hex().upper(), bare(digest)):
        assert left_of(note=around.format(form), phrase="level one") == {"phrase"}
    assert left_of(note=[around.format(digest.hex())]) == set()


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_somebody_elses_hash_is_none_of_hers(kind: str) -> None:
    digest = hashed("player-x7k3", kind)
    assert left_of(note=digest.hex(), phrase=f"é {bare(digest)}", page="/help") == {"note", "phrase", "page"}


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("ocean", ["ocean"]),
        (9876543210.0, ["9876543210"]),
        (0.5, ["0.5"]),
        (9876543210, ["9876543210"]),
        ([["ocean", 7.0], "jungle", []], ["ocean", "7", "jungle"]),
    ],
)
def test_a_value_is_looked_at_as_these_texts(value: Any, texts: list[str]) -> None:
    assert texts_of(value) == texts


def test_the_name_of_a_property_says_what_its_digits_are() -> None:
    assert holds_identifier("pin_code", "560001", "gameplay")
    assert not holds_identifier("level", "560001", "gameplay")


def sent(phrase: str, **ids: Any) -> tuple[str, set[str]]:
    """Send an adult's event without free text; return under which name it left, and with which properties."""
    record = record_of("US/adult", profile_id=ids.get("profile_id", "profile-0001"))
    here = World(CONTEXT, consents_of(record))
    outcome = here.one(raw_event(properties={"phrase": phrase, "world": "ocean"}, **ids))
    assert isinstance(outcome, Clean)
    assert outcome.lost == (() if "phrase" in kept_names(outcome) else ("gameplay",))
    return json.loads(outcome.value)["event"], kept_names(outcome)


@pytest.mark.parametrize("field", ["profile_id", "device_id"])
@pytest.mark.parametrize("own", ["zebra_horse", "ZEBRA_Horse", "zebras"])
def test_an_id_in_text_of_a_closed_form_is_found_without_free_text_beside_it(field: str, own: str) -> None:
    assert sent(f"pack_{own.lower()}", **{field: own}) == ("analytics", {"world"})
    assert sent("pack_of_others", **{field: own}) == ("analytics", {"world", "phrase"})


@pytest.mark.parametrize("device", [None, 7, "zebra"])
def test_a_device_without_an_id_or_with_a_short_one_is_not_looked_for(device: Any) -> None:
    assert sent("pack_zebra_7", device_id=device) == ("analytics", {"world", "phrase"})
