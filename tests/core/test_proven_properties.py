"""What holds for every event there can be: keys, ids, bytes, and the silence of what nobody registered."""

import base64
import hashlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean
from pipeline.core.survey import ENVELOPE
from pipeline.core.youth import names_age
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass
from pipeline.schemas import event_schemas
from tests.core.worlds import (
    DEFAULTS,
    FIXED_KEYS,
    PERMISSIVE,
    RECORDS,
    World,
    acting,
    consents_of,
    context_of,
    encode,
    kept,
    merged,
    policy_of,
    raw_event,
)

SCHEMAS = event_schemas()
POLICY = policy_of(merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}))
REGISTRY = compile_registry(SCHEMAS, DEFAULTS, POLICY)
CONTEXT = context_of(POLICY, registry=REGISTRY)
CAUTIOUS = context_of(policy_of(), registry=compile_registry(SCHEMAS, DEFAULTS, policy_of()))
PSEUDONYMS = acting(POLICY, PropertyClass.EDUCATION, Action.PSEUDONYMIZE)
CODE = {"type": "string", "pattern": "^[a-z0-9-]+$", "x-class": "education"}
CODED = context_of(
    PSEUDONYMS,
    registry=compile_registry(
        {"level_started": SCHEMAS["level_started"] | {"properties": {"classroom_code": CODE}}}, DEFAULTS, PSEUDONYMS
    ),
)
LEAVING = ["US/child", "US/teen", "US/adult", "US/unknown", "IN/adult"]
AGES = {"US/child": "child", "US/unknown": "child", "US/teen": "teen", "US/adult": "adult", "IN/adult": "adult"}
OWN = sorted({name for schema in SCHEMAS.values() for name in schema["properties"]})
MIXPANELS = sorted(DEFAULTS["properties"])
KEPT_CLASSES = {"operational", "gameplay", "device", "network", "coarse_location", "free_text", "url", "marketing"}


def world_of(cohort: str) -> World:
    return World(CONTEXT, consents_of(RECORDS[cohort]) if cohort in RECORDS else {})


SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["ocean", "17.2.1", "iPhone14,2", "US", "IN", "Goa", "push", "3.1.4", "iOS", "v-4411", "a@b.co"])
)
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
PROPERTIES = st.dictionaries(st.sampled_from(OWN) | st.sampled_from(MIXPANELS) | st.text(max_size=8), JUNK, max_size=25)


def allowed(event: str, cohort: str) -> set[str]:
    """Return what the schema files let a cohort keep, read from the files themselves."""
    listed = {**DEFAULTS["properties"], **SCHEMAS[event]["properties"]}
    return {
        name
        for name, schema in listed.items()
        if AGES[cohort] in schema.get("x-cohorts", ["child", "teen", "adult"]) and schema["x-class"] in KEPT_CLASSES
    }


@settings(max_examples=500)
@given(st.sampled_from(LEAVING), st.sampled_from(sorted(SCHEMAS)), PROPERTIES)
def test_output_keys_are_in_the_registry_for_the_cohort(cohort: str, event: str, properties: dict[str, Any]) -> None:
    outcome = world_of(cohort).one(raw_event(event=event, region=cohort[:2], properties=properties))
    if isinstance(outcome, Clean):
        sent = json.loads(outcome.value)
        assert set(sent) == {"event", "properties"}
        assert set(kept(outcome)) <= allowed(event, outcome.cohort) & set(properties)
        assert set(sent["properties"]) >= FIXED_KEYS
        assert all(type(value) in {str, int, float, bool, list} for value in kept(outcome).values())


@given(st.sampled_from(LEAVING), st.sampled_from(sorted(SCHEMAS)), PROPERTIES)
def test_same_input_twice_is_the_same_bytes(cohort: str, event: str, properties: dict[str, Any]) -> None:
    raw = encode(raw_event(event=event, region=cohort[:2], properties=properties))
    here = world_of(cohort)
    fresh = World(context_of(POLICY, registry=REGISTRY), here.consents)
    first, again, elsewhere = here.one(raw), here.one(raw), fresh.one(raw)
    assert first == again
    assert type(first) is type(elsewhere)
    if isinstance(first, Clean) and isinstance(elsewhere, Clean):
        assert (first.key, first.value, first.lost) == (elsewhere.key, elsewhere.value, elsewhere.lost)


# --- ids

SEEN = {"level": 7, "world": "ocean", "difficulty": "easy", "$os": "iOS"}
IDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map("raw:{}:".format)


def forms(raw: str) -> set[str]:
    found = {raw, raw.encode().hex(), base64.b64encode(raw.encode()).decode().rstrip("=")}
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, raw.encode()).digest()
        found |= {digest.hex(), base64.b64encode(digest).decode().rstrip("=")}
        found |= {digest.hex().upper(), base64.urlsafe_b64encode(digest).decode().rstrip("=")}
    return found


def places(text: str) -> dict[str, Any]:
    """Put a text where a client could put it: reserved, unknown, nested, and registered where it is not allowed."""
    names = [
        "distinct_id",
        "$device_id",
        "$user_id",
        "$insert_id",
        "token",
        "user",
        "id",
        "level",
        "world",
        "sku",
        "$os",
    ]
    return dict.fromkeys([*names, text], text) | {"nested": {text: [text]}, "video_id": [text]}


@given(st.sampled_from(LEAVING), st.sampled_from(["level_started", "crash", "app_opened", "video_watched"]), IDS, IDS)
def test_no_id_and_no_hash_of_it_leaves_wherever_it_stands(cohort: str, event: str, profile: str, device: str) -> None:
    record = consents_of(RECORDS[cohort]) if cohort in RECORDS else {}
    here = World(CONTEXT, dict.fromkeys([profile, profile.strip()], *record.values()) if record else {})
    for text in forms(profile) | forms(device):
        outcome = here.one(
            raw_event(event=event, region=cohort[:2], profile_id=profile, device_id=device, properties=places(text))
        )
        if isinstance(outcome, Clean):
            sent = (outcome.value + outcome.key).decode()
            assert not [form for form in forms(profile) | forms(device) if form in sent]


@given(st.sampled_from(["US/child", "US/adult", "IN/adult"]), st.from_regex(r"\A[a-z]{3}-[a-z0-9]{6,12}\Z"))
def test_pseudonymized_property_is_no_plain_hash(cohort: str, value: str) -> None:
    here = World(CODED, consents_of(RECORDS[cohort]))
    outcome = here.one(raw_event(event="level_started", region=cohort[:2], properties={"classroom_code": value}))
    assert isinstance(outcome, Clean)
    assert set(kept(outcome)) == {"classroom_code"}
    assert not [form for form in forms(value) if form in outcome.value.decode()]
    assert hashlib.sha256(value.encode()).hexdigest()[:32] not in outcome.value.decode()


# --- what nobody registered

SPOKEN = st.sampled_from(
    ["idfa", "imei", "parent_email", "ssn", "client_ip", "childName", "lat", "password", "9876543210", "a@b.co",
     "scores", "$unheard_of", "mp_unheard_of", "Token", "$IP", "ip ", "Level", "level ", "properties", "event"]
)  # fmt: skip
UNKNOWN = (SPOKEN | st.text(max_size=10)).filter(lambda name: not names_age(name))
ANYTHING = st.recursive(
    SCALARS | SPOKEN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(UNKNOWN, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400)
@given(
    st.sampled_from(LEAVING),
    st.dictionaries(UNKNOWN, ANYTHING, max_size=5),
    st.dictionaries(UNKNOWN, ANYTHING, max_size=3),
    st.dictionaries(UNKNOWN, ANYTHING, max_size=3),
    st.integers(0, len(SEEN)),
)
def test_unknown_property_anywhere_changes_no_byte(
    cohort: str, inside: dict[str, Any], outside: dict[str, Any], beside_age: dict[str, Any], at: int
) -> None:
    event = "app_opened" if cohort == "US/unknown" else "level_started"
    known = set(SCHEMAS[event]["properties"]) | set(MIXPANELS)
    inside = {name: value for name, value in inside.items() if name not in known}
    outside = {name: value for name, value in outside.items() if name not in ENVELOPE}
    age = {"band": "unknown", "source": "age_screen"}
    plain = raw_event(event=event, region=cohort[:2], properties=dict(SEEN), age=age)
    more = list(SEEN.items())
    mixed = dict([*more[:at], *inside.items(), *more[at:]])
    extra = {name: value for name, value in beside_age.items() if name not in age}
    here = world_of(cohort)
    first, second = here.one(plain), here.one(outside | plain | {"properties": mixed, "age": age | extra})
    assert isinstance(first, Clean)
    assert isinstance(second, Clean)
    assert (first.region, first.key, first.value) == (second.region, second.key, second.value)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SCHEMAS)), PROPERTIES, st.booleans(), st.sampled_from(["child", "teen"]))
def test_child_in_india_never_leaves(event: str, properties: dict[str, Any], consented: bool, band: str) -> None:
    record = merged(RECORDS["IN/child"], {"purposes": dict.fromkeys(("analytics", "marketing"), True)})
    consents = consents_of(record) if consented else {}
    raw = raw_event(event=event, region="IN", properties=properties, age={"band": band, "source": "id_document"})
    for context in (CONTEXT, CAUTIOUS):
        outcome = World(context, consents).one(raw)
        assert not isinstance(outcome, Clean)
        assert outcome.cohort is Cohort.IN_CHILD  # type: ignore[union-attr]
