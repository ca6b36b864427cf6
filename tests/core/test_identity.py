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

from pipeline.core.grants import NO_GRANT, grant_name
from pipeline.core.identity import KeyRing, KeyVersion, RegionKeys
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
    st.text(max_size=30),
    st.text(max_size=30),
    st.integers(0, NOW),
    st.sampled_from([DAY, 30 * DAY, 365 * DAY]),
    st.sampled_from(Region),
    st.sampled_from(Space),
)
def test_pseudonym_is_shaped_like_a_random_uuid(
    profile: str, grant: str, time: int, rotation: int, region: Region, space: Space
) -> None:
    name = KEYS.pseudonym(region, space, profile, grant, time, rotation)
    parsed = uuid.UUID(name)
    assert str(parsed) == name
    assert parsed.version == 4
    assert parsed.variant == uuid.RFC_4122


SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(32, 64))
KNOWN = {Region.US: RegionKeys.single({Space.ANALYTICS: SECRET}, OTHER_SECRET)}


def test_names_are_keyed_digests_of_their_parts() -> None:
    """Known answers, computed here from the definition; the literals guard against a silent change of both."""
    keys = KeyRing(KNOWN, {Region.US: "3281"})
    grant = grant_name("c-1", 1_795_000_000_000)
    assert grant == "c-1@1795000000000"

    key = hmac.new(SECRET, b"7:coppice2:us9:analytics4:3281", hashlib.sha256).digest()
    digest = hmac.new(key, b"13:profile-1-00117:c-1@17950000000003:692", hashlib.sha256).digest()
    name = keys.pseudonym(Region.US, Space.ANALYTICS, "profile-1-001", grant, NOW, 30 * DAY)
    assert name == str(uuid.UUID(bytes=digest[:16], version=4))
    assert name == "89d48cf6-472a-431b-b944-cab9778dc831"

    value = hmac.new(key, b"8:property4:quiz5:tiger", hashlib.sha256).hexdigest()[:32]
    assert (
        keys.property_name(Region.US, Space.ANALYTICS, "quiz", "tiger", NOW)
        == value
        == "ae5e955ae087993539dca83c3c108a37"
    )

    ids = hmac.new(OTHER_SECRET, b"7:coppice2:us9:event_ids4:3281", hashlib.sha256).digest()
    event_id = hashlib.blake2b(b"id:e-1", key=ids, digest_size=16).hexdigest()
    assert keys.event_id(Region.US, b"id:e-1", NOW) == event_id == "36689cf70181bc01fdc113017aa9bd6b"


def test_everything_that_tells_people_and_purposes_apart_changes_the_pseudonym() -> None:
    base = (Region.US, Space.ANALYTICS, "p", "c", NOW, 30 * DAY)
    variants = {
        base,
        (Region.IN, Space.ANALYTICS, "p", "c", NOW, 30 * DAY),
        (Region.US, Space.INTERNAL_OPS, "p", "c", NOW, 30 * DAY),
        (Region.US, Space.ANALYTICS, "q", "c", NOW, 30 * DAY),
        (Region.US, Space.ANALYTICS, "p", "d", NOW, 30 * DAY),
        (Region.US, Space.ANALYTICS, "p", "c", NOW - 30 * DAY, 30 * DAY),
        (Region.US, Space.ANALYTICS, "p", "c", NOW, 365 * DAY),
        (Region.US, Space.ANALYTICS, "p", "", NOW, 30 * DAY),
        # the same letters, cut elsewhere
        (Region.US, Space.ANALYTICS, "pc", "", NOW, 30 * DAY),
        (Region.US, Space.ANALYTICS, "p1:c", "", NOW, 30 * DAY),
        (Region.US, Space.ANALYTICS, "p", "c1", NOW, 30 * DAY),
    }
    assert len({KEYS.pseudonym(*variant) for variant in variants}) == len(variants)
    assert KEYS.pseudonym(*base) == KEYS.pseudonym(*base)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_two_people_never_share_a_pseudonym(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (KEYS.pseudonym(Region.US, Space.ANALYTICS, *pair, NOW, DAY) for pair in (one, other))
    assert (first == second) == (one == other)


Act = tuple[str, int]
ACTS = st.tuples(st.text("a@1", max_size=4), st.integers(0, 30))


@given(ACTS, ACTS)
def test_two_grants_never_share_a_name(one: Act, other: Act) -> None:
    assert (grant_name(*one) == grant_name(*other)) == (one == other)
    assert grant_name(*one) != NO_GRANT


def all_names(keys: KeyRing) -> list[str]:
    """Name the same person, property and event everywhere a ring can."""
    places = [(region, space) for region in keys.regions for space in keys.regions[region].spaces]
    return (
        [keys.pseudonym(*place, "p", "c", NOW, DAY) for place in places]
        + [keys.property_name(*place, "name", "text", NOW) for place in places]
        + [keys.event_id(region, b"x", NOW) for region in keys.regions]
    )


def test_no_two_regions_spaces_or_projects_share_a_name_even_if_they_shared_a_key() -> None:
    shared = RegionKeys.single(dict.fromkeys(Space, SECRET), SECRET)
    rings = [
        KeyRing(dict.fromkeys(Region, shared), dict(zip(Region, ids, strict=True)))
        for ids in (("1", "2"), ("2", "1"), ("12", "21"))
    ] + [KeyRing(dict.fromkeys(Region, shared))]
    names = [name for ring in rings for name in all_names(ring)]
    assert len(names) == 4 * 10
    assert len(set(names)) == len(names)


def test_other_keys_give_other_names() -> None:
    other = KeyRing({region: RegionKeys.single(dict.fromkeys(Space, b"x" * 32), b"y" * 32) for region in Region})
    assert not set(all_names(other)) & set(all_names(KEYS))


def test_every_byte_of_a_long_key_counts() -> None:
    rings = [
        KeyRing({Region.US: RegionKeys.single({Space.ANALYTICS: b"k" * 500 + end}, b"k" * 500 + end)})
        for end in (b"1", b"2")
    ]
    names = [name for ring in rings for name in all_names(ring)]
    assert all(PLAIN_ID.fullmatch(name) for name in names)
    assert len(set(names)) == 6


def test_keys_show_in_no_text() -> None:
    version = KeyVersion("1", b"secret-secret")
    keys = KeyRing({Region.US: RegionKeys({Space.ANALYTICS: (version,)}, (version,))})
    keys.pseudonym(Region.US, Space.ANALYTICS, "profile-77", "c", NOW, DAY)
    context = dataclasses.replace(context_of(policy_of()), keys=keys)
    for text in (repr(keys), str(keys), f"{keys}", repr(keys.regions[Region.US]), repr(version), repr(context)):
        assert "secret-secret" not in text
        assert "profile-77" not in text


def test_new_consent_gives_a_new_pseudonym() -> None:
    first = world_of("p", consent_id="one").clean(raw_event(profile_id="p"))
    second = world_of("p", consent_id="two").clean(raw_event(profile_id="p"))
    assert first["distinct_id"] != second["distinct_id"]
    assert first["$insert_id"] == second["$insert_id"]


def test_consent_that_is_given_again_gives_a_new_pseudonym_though_its_id_is_the_same() -> None:
    first = world_of("p", granted_at=NOW - 3 * HOUR).clean(raw_event(profile_id="p"))
    second = world_of("p", granted_at=NOW - 2 * HOUR).clean(raw_event(profile_id="p"))
    assert first["distinct_id"] != second["distinct_id"]
    assert first["$insert_id"] == second["$insert_id"]


@pytest.mark.parametrize("changes", [{"time": NOW - 3 * HOUR}, {"received_at": NOW - 3 * HOUR}], ids=str)
def test_what_is_older_than_the_consent_never_bears_its_pseudonym(changes: dict[str, Any]) -> None:
    """R16, on the one way on which such an event may leave at all."""
    record = merged(RECORDS["US/child"], {"granted_at": NOW - 2 * HOUR, "purposes": {"analytics": False}})
    granted = world(PERMISSIVE, records=(record,))
    never = world(PERMISSIVE)
    before, after = raw_event(event="essential", **changes), raw_event(event="essential")
    assert granted.clean(before)["distinct_id"] == never.clean(before)["distinct_id"]
    assert granted.clean(after)["distinct_id"] != never.clean(after)["distinct_id"]


def test_path_without_consent_has_its_own_space() -> None:
    internal = world(PERMISSIVE).clean(raw_event(event="essential"))
    child = world(PERMISSIVE, records=(merged(RECORDS["US/child"], {"consent_id": "x"}),)).clean(raw_event())
    assert internal["distinct_id"] != child["distinct_id"]
    assert internal["distinct_id"] == KEYS.pseudonym(
        Region.US, Space.INTERNAL_OPS, "profile-0001", NO_GRANT, NOW - HOUR, 30 * DAY
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


@pytest.mark.replaces_names
def test_memory_of_pseudonyms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.core.identity.REMEMBERED", 10)
    keys = fresh_keys()

    def names(ring: KeyRing) -> list[str]:
        return [ring.pseudonym(Region.US, Space.ANALYTICS, f"p{number}", "c", NOW, DAY) for number in range(100)]

    found = names(keys)
    assert len(keys._memo) <= 10
    assert found == names(KEYS)
