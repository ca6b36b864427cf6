"""Pseudonyms and event ids: nothing raw, nothing unkeyed, and the same again in a replay (R15)."""

import base64
import dataclasses
import hashlib
import hmac
import json
import re
import unicodedata
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.identity import KeyRing, RegionKeys
from pipeline.core.outcome import Clean
from pipeline.policy.vocabulary import Region, Space
from tests.core.worlds import (
    DAY,
    HOUR,
    KEYS,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    encode,
    merged,
    policy_of,
    raw_event,
    record_of,
    without,
    world,
)

FORBIDDEN = ["anon", "anonymous", "nil", "none", "null", "n/a", "na", "undefined", "unknown", "<nil>", "0", "-1",
             "true", "false", "[]", "{}", "", "  ", " NULL ", "Undefined",
             "00000000-0000-0000-0000-000000000000"]  # fmt: skip
PLAIN_ID = re.compile("[A-Za-z0-9-]{1,36}")


def world_of(profile: str, **record: Any) -> World:
    given_record = record_of("US/adult", profile_id=profile, **record)
    return World(context_of(policy_of(OPEN)), consents_of(given_record))


def forms(raw: str) -> Iterator[str]:
    """Yield a raw id and its unkeyed hashes, in the usual spellings."""
    yield raw
    for text in (raw, raw.lower(), raw.upper()):
        for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(algorithm, text.encode()).digest()
            yield digest.hex()
            yield digest[:16].hex()
            yield str(uuid.UUID(bytes=digest[:16]))
            yield base64.b64encode(digest).decode().rstrip("=")
            yield base64.urlsafe_b64encode(digest).decode().rstrip("=")
        yield base64.b64encode(text.encode()).decode().rstrip("=")
        yield text.encode().hex()


# with a beginning that no other part of an event has
IDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=40).map("raw:{}:".format)


@given(IDS, IDS, IDS)
def test_no_raw_id_and_no_unkeyed_hash_of_it_leaves(profile: str, device: str, event_id: str) -> None:
    here = World(context_of(policy_of(OPEN)), dict.fromkeys([profile, *_written(profile)], RECORD))
    outcome = here.one(raw_event(profile_id=profile, device_id=device, event_id=event_id))
    assert isinstance(outcome, Clean)
    sent = (outcome.value + b" " + outcome.key).decode()
    for raw in {profile, device, event_id, *_written(profile)}:
        for form in forms(raw):
            assert form not in sent
            assert form.lower() not in sent.lower()


def _written(profile: str) -> list[str]:
    return [unicodedata.normalize("NFC", profile.strip()), profile.strip()]


RECORD = consents_of(RECORDS["US/adult"])["profile-0001"]


@given(st.sampled_from(["essential", "analytics"]), IDS, st.integers(NOW - 20 * DAY, NOW))
def test_same_event_again_is_the_same_bytes(event: str, event_id: str, time: int) -> None:
    raw = encode(raw_event(event=event, event_id=event_id, time=time, received_at=time))
    fresh = World(dataclasses.replace(context_of(policy_of(OPEN)), keys=fresh_keys()), {"profile-0001": RECORD})
    again = World(
        dataclasses.replace(context_of(policy_of(OPEN), now_ms=NOW + DAY), keys=fresh_keys()), {"profile-0001": RECORD}
    )
    first, later = fresh.one(raw), again.one(raw)
    assert isinstance(first, Clean)
    assert isinstance(later, Clean)
    assert (first.region, first.key, first.value) == (later.region, later.key, later.value)


def fresh_keys() -> KeyRing:
    return KeyRing(KEYS.regions)


@given(
    st.text(max_size=30), st.text(max_size=30), st.integers(0, 10**6), st.sampled_from(Region), st.sampled_from(Space)
)
def test_pseudonym_is_shaped_like_a_random_uuid(
    profile: str, consent: str, epoch: int, region: Region, space: Space
) -> None:
    name = KEYS.pseudonym(region, space, profile, consent, epoch)
    parsed = uuid.UUID(name)
    assert str(parsed) == name
    assert parsed.version == 4
    assert parsed.variant == uuid.RFC_4122


def test_pseudonym_is_the_hmac_of_its_parts() -> None:
    """Known answer, computed here from the definition; the literal guards against a silent change of both."""
    keys = KeyRing({Region.US: RegionKeys({Space.ANALYTICS: bytes(range(32))}, event_ids=bytes(range(32, 64)))})
    name = keys.pseudonym(Region.US, Space.ANALYTICS, "profile-1-001", "c-1", 692)
    digest = hmac.new(bytes(range(32)), b"13:profile-1-0013:c-13:692", hashlib.sha256).digest()
    assert name == str(uuid.UUID(bytes=digest[:16], version=4))
    assert name == "08612ee7-c849-440d-a275-52b39784547b"
    assert keys.event_id(Region.US, b"id:e-1") == "e124e12c25dcd44431ceb382a3d18733"
    assert (
        keys.event_id(Region.US, b"id:e-1")
        == hashlib.blake2b(b"id:e-1", key=bytes(range(32, 64)), digest_size=16).hexdigest()
    )


def test_everything_that_tells_people_and_purposes_apart_changes_the_pseudonym() -> None:
    base = (Region.US, Space.ANALYTICS, "p", "c", 1)
    variants = {
        base,
        (Region.IN, Space.ANALYTICS, "p", "c", 1),
        (Region.US, Space.INTERNAL_OPS, "p", "c", 1),
        (Region.US, Space.ANALYTICS, "q", "c", 1),
        (Region.US, Space.ANALYTICS, "p", "d", 1),
        (Region.US, Space.ANALYTICS, "p", "c", 2),
        (Region.US, Space.ANALYTICS, "p", "", 1),
        # the same letters, cut elsewhere
        (Region.US, Space.ANALYTICS, "pc", "", 1),
        (Region.US, Space.ANALYTICS, "p1:c", "", 1),
        (Region.US, Space.ANALYTICS, "p", "c1", 1),
        (Region.US, Space.ANALYTICS, "p", "c", 11),
    }
    assert len({KEYS.pseudonym(*variant) for variant in variants}) == len(variants)
    assert KEYS.pseudonym(*base) == KEYS.pseudonym(*base)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_two_people_never_share_a_pseudonym(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (KEYS.pseudonym(Region.US, Space.ANALYTICS, *pair, 7) for pair in (one, other))
    assert (first == second) == (one == other)


def test_other_keys_give_other_ids() -> None:
    other = KeyRing({Region.US: RegionKeys({Space.ANALYTICS: b"x" * 32}, event_ids=b"y" * 32)})
    assert other.pseudonym(Region.US, Space.ANALYTICS, "p", "c", 1) != KEYS.pseudonym(
        Region.US, Space.ANALYTICS, "p", "c", 1
    )
    assert other.event_id(Region.US, b"x") != KEYS.event_id(Region.US, b"x")
    assert KEYS.event_id(Region.US, b"x") != KEYS.event_id(Region.IN, b"x")


def test_long_keys_work() -> None:
    keys = KeyRing({Region.US: RegionKeys({Space.ANALYTICS: b"k" * 500}, event_ids=b"k" * 500)})
    assert PLAIN_ID.fullmatch(keys.event_id(Region.US, b"x"))
    assert PLAIN_ID.fullmatch(keys.pseudonym(Region.US, Space.ANALYTICS, "p", "c", 1))


def test_keys_show_in_no_text() -> None:
    keys = KeyRing({Region.US: RegionKeys({Space.ANALYTICS: b"secret-secret"}, event_ids=b"secret-secret")})
    keys.pseudonym(Region.US, Space.ANALYTICS, "profile-77", "c", 1)
    context = dataclasses.replace(context_of(policy_of()), keys=keys)
    for text in (repr(keys), str(keys), repr(keys.regions[Region.US]), repr(context)):
        assert "secret" not in text
        assert "profile-77" not in text


def test_new_consent_gives_a_new_pseudonym() -> None:
    first = world_of("p", consent_id="one").clean(raw_event(profile_id="p"))
    second = world_of("p", consent_id="two").clean(raw_event(profile_id="p"))
    assert first["distinct_id"] != second["distinct_id"]
    assert first["$insert_id"] == second["$insert_id"]


def test_path_without_consent_has_its_own_space() -> None:
    internal = world(PERMISSIVE).clean(raw_event(event="essential"))
    child = world(PERMISSIVE, records=(merged(RECORDS["US/child"], {"consent_id": "x"}),)).clean(raw_event())
    assert internal["distinct_id"] != child["distinct_id"]
    assert internal["distinct_id"] == KEYS.pseudonym(
        Region.US, Space.INTERNAL_OPS, "profile-0001", "", (NOW - HOUR) // (30 * DAY)
    )


def test_key_of_the_kafka_record_is_the_pseudonym() -> None:
    outcome = world_of("p").one(raw_event(profile_id="p"))
    assert isinstance(outcome, Clean)
    assert outcome.key.decode() == json.loads(outcome.value)["properties"]["distinct_id"]


# --- $insert_id


def insert_id(**changes: Any) -> str:
    value: str = world_of("profile-0001").clean(raw_event(**changes))["$insert_id"]
    return value


@given(
    st.text(max_size=300)
    | st.integers()
    | st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.lists(st.integers())
)
def test_insert_id_is_one_that_mixpanel_takes(event_id: Any) -> None:
    found = insert_id(event_id=event_id)
    assert PLAIN_ID.fullmatch(found)
    assert len(found.encode()) <= 36
    assert found not in FORBIDDEN


@pytest.mark.parametrize("event_id", [*FORBIDDEN, None, True, False, 0, -1, 1.5, [], {}, ["a"]], ids=repr)
def test_useless_event_id_is_replaced_by_the_content(event_id: Any) -> None:
    by_content: str = world_of("profile-0001").clean(without(raw_event(), "event_id"))["$insert_id"]
    assert insert_id(event_id=event_id) == by_content
    # no two different events fall together on it
    assert insert_id(event_id=event_id, time=NOW - HOUR + 1) != by_content
    assert insert_id(event_id=event_id, event="essential") != by_content
    assert insert_id(event_id=event_id, properties={"level": 8}) != by_content
    assert insert_id(event_id=event_id, properties={"level": 7, "unregistered": [1, {"x": None}]}) != by_content
    # and a resend is the same event, however it is written
    assert insert_id(event_id=event_id, received_at=NOW) == by_content
    assert insert_id(event_id=event_id, time=str(NOW - HOUR), device_id="other") == by_content
    reordered = dict(reversed(raw_event()["properties"].items()))
    assert insert_id(event_id=event_id, properties=reordered) == by_content


def test_two_people_with_the_same_content_have_two_ids() -> None:
    first = world_of("p").clean(without(raw_event(profile_id="p"), "event_id"))
    second = world_of("q").clean(without(raw_event(profile_id="q"), "event_id"))
    assert first["$insert_id"] != second["$insert_id"]


def test_event_id_decides_alone_when_it_is_there() -> None:
    assert insert_id(event_id="e-1") == insert_id(event_id=" e-1 ", time=NOW - 5 * DAY, properties={})
    assert insert_id(event_id="e-1") != insert_id(event_id="e-2")
    assert insert_id(event_id=123) == insert_id(event_id="123")


@pytest.mark.parametrize("number", ["NaN", "1e999", "9" * 4_000, "9" * 5_000])
def test_content_with_impossible_numbers_has_an_id(number: str) -> None:
    raw = encode(without(raw_event(), "event_id")).replace(b'"level":7', f'"level":{number}'.encode())
    assert PLAIN_ID.fullmatch(world_of("profile-0001").clean(raw)["$insert_id"])


def test_memory_of_pseudonyms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.core.identity.REMEMBERED", 10)
    keys = fresh_keys()
    names = [keys.pseudonym(Region.US, Space.ANALYTICS, f"p{number}", "c", 1) for number in range(100)]
    assert len(keys._memo) <= 10
    assert names == [KEYS.pseudonym(Region.US, Space.ANALYTICS, f"p{number}", "c", 1) for number in range(100)]
