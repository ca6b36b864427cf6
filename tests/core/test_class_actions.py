"""Class of data × cohort → what becomes of it, against the table as requirements R12–R24 print it."""

from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.core.ruling import Ruling
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region
from tests.core.worlds import (
    DEFAULTS,
    KEYS,
    NOW,
    PERMISSIVE,
    RECORDS,
    World,
    acting,
    consents_of,
    context_of,
    fate,
    kept,
    kept_names,
    merged,
    policy_of,
    raw_event,
    stripped,
)

WORD: dict[str, Any] = {"type": "string", "pattern": "^[a-z0-9]{1,8}$"}
# What a property of each class may look like, and a value of it that its schema allows.
FORMS: dict[PropertyClass, tuple[dict[str, Any], Any]] = dict.fromkeys(PropertyClass, (WORD, "abc12")) | {
    PropertyClass.DEVICE: ({"type": "string", "pattern": "^[0-9.]{1,8}$", "x-generalize": "os_major"}, "17.2.1"),
    PropertyClass.COARSE_LOCATION: (
        {"type": "string", "enum": ["Texas", "Kerala"], "x-generalize": "state"},
        "Kerala",
    ),
    PropertyClass.FREE_TEXT: ({"type": "string", "maxLength": 60}, "write to aarav@example.com"),
    PropertyClass.URL: ({"type": "string", "x-routes": ["/levels/{n}"]}, "/levels/77?token=abc"),
}
OWN = {kind: f"of_{kind}" for kind in PropertyClass} | {  # named so that they tell nobody's age
    PropertyClass.AGE: "of_years",
    PropertyClass.BIRTH_DATE: "of_begin",
}
SCHEMA = {
    "title": "all",
    "type": "object",
    "x-purpose": "essential",
    "x-operation": "session_health",
    "properties": {OWN[kind]: form | {"x-class": kind} for kind, (form, _) in FORMS.items()},
}
SCHEMAS = {"all": SCHEMA, "all_marketing": SCHEMA | {"title": "all_marketing", "x-purpose": "marketing"}}
GIVEN = {OWN[kind]: value for kind, (_, value) in FORMS.items()}
BARE = {kind: form | {"x-class": kind} for kind, (form, _) in FORMS.items()}

# what leaves: R03 for everybody; R06, R18, R21, R22, R24 for some; all other classes for nobody
FOR_CHILDREN = {"operational": "abc12", "gameplay": "abc12", "coarse_location": "Kerala"}
FOR_ADULTS = FOR_CHILDREN | {
    "device": "17",
    "network": "abc12",
    "free_text": "write to [email]",
    "url": "/levels/{n}",
}
LEAVES = {
    "US/child": FOR_CHILDREN,
    "US/unknown": FOR_CHILDREN,
    "US/teen": FOR_CHILDREN,
    "US/adult": FOR_ADULTS,
    "IN/adult": FOR_ADULTS,
}
# R13, R17, R23, R34: nobody's app may send these. R12, R14, R18: the app of a minor, or of somebody who may be one.
ALWAYS = {"government_id", "financial", "health", "education", "biometric", "ip", "credential"}
FROM_MINORS = ALWAYS | {"advertising_id", "precise_location", "name", "screen_name", "contact"}
ALARMS = {cohort: ALWAYS if cohort.endswith("adult") else FROM_MINORS for cohort in Cohort}

SETTINGS = merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}})
POLICY = policy_of(SETTINGS)
REGISTRY = compile_registry(SCHEMAS, DEFAULTS, POLICY)
CONTEXT = context_of(POLICY, registry=REGISTRY)
# cohort → its record, and what the event changes
MEMBERS: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {
    "US/child": (RECORDS["US/child"], {}),
    "US/teen": (RECORDS["US/teen"], {}),
    "US/adult": (RECORDS["US/adult"], {}),
    "US/unknown": (None, {}),
    "IN/child": (RECORDS["IN/child"], {"region": "IN"}),
    "IN/adult": (RECORDS["IN/adult"], {"region": "IN"}),
    "IN/unknown": (None, {"region": "IN"}),
    "XX/unknown": (None, {"region": "GB"}),
}


def world_of(cohort: str, policy: Any = POLICY, schemas: Any = None) -> World:
    record, _ = MEMBERS[cohort]
    registry = REGISTRY if policy is POLICY and schemas is None else compile_registry(schemas or SCHEMAS, {}, policy)
    return World(context_of(policy, registry=registry), consents_of(record) if record else {})


def judge(cohort: str, properties: dict[str, Any], event: str = "all", **world: Any) -> Clean | Dropped:
    outcome = world_of(cohort, **world).one(raw_event(event=event, properties=properties, **MEMBERS[cohort][1]))
    assert isinstance(outcome, Clean | Dropped)
    assert outcome.cohort == cohort
    return outcome


def alarms(outcome: Clean | Dropped) -> set[str]:
    assert isinstance(outcome.ruling, Ruling)
    return set(outcome.ruling.alarms)


@pytest.mark.parametrize("kind", PropertyClass)
@pytest.mark.parametrize("cohort", MEMBERS)
def test_class_in_a_cohort(cohort: str, kind: PropertyClass) -> None:
    name = OWN[kind]
    outcome = judge(cohort, {name: GIVEN[name]})
    expected = LEAVES.get(cohort, {})
    assert kept(outcome) == ({name: expected[kind]} if kind in expected else {})
    assert alarms(outcome) == ({kind} if kind in ALARMS[Cohort(cohort)] else set())
    if cohort in LEAVES:
        assert stripped(outcome) == ({} if kind in expected else {kind: 1})
    else:
        assert isinstance(outcome, Dropped)


@pytest.mark.parametrize("cohort", MEMBERS)
def test_classes_together(cohort: str) -> None:
    outcome = judge(cohort, GIVEN)
    assert kept(outcome) == {f"of_{kind}": value for kind, value in LEAVES.get(cohort, {}).items()}
    assert alarms(outcome) == ALARMS[Cohort(cohort)]


@pytest.mark.parametrize("cohort", ["US/adult", "IN/adult"])
def test_marketing_data_leaves_on_marketing_events_of_adults_only(cohort: str) -> None:
    assert kept(judge(cohort, GIVEN, "all_marketing")) == {
        f"of_{kind}": value for kind, value in (FOR_ADULTS | {"marketing": "abc12"}).items()
    }
    assert "of_marketing" not in kept(judge(cohort, GIVEN))


@pytest.mark.parametrize("cohort", sorted(set(MEMBERS) - {"US/adult", "IN/adult"}))
def test_marketing_events_of_others_never_leave(cohort: str) -> None:
    assert isinstance(judge(cohort, GIVEN, "all_marketing"), Dropped)


@pytest.mark.parametrize("value", [None, 5, True, "UPPER CASE", "x" * 500, ["abc12"], {"a": "abc12"}, "", 1e300])
@pytest.mark.parametrize("cohort", sorted(LEAVES))
def test_value_that_no_schema_allows_leaves_of_no_class(cohort: str, value: Any) -> None:
    outcome = judge(cohort, dict.fromkeys(GIVEN, value))
    assert kept_names(outcome) <= ({"of_free_text"} if cohort.endswith("adult") and type(value) is str else set())


# --- what no schema lists is told by its name

NAMES = {
    "idfa": "advertising_id", "GAID": "advertising_id", "advertisingId": "advertising_id", "fbclid": "advertising_id",
    "client_ip": "ip", "X-Forwarded-For": "ip", "$ip": "ip",
    "childName": "name", "parent_name": "name", "$first_name": "name", "$device_name": "name",
    "gamertag": "screen_name", "$username": "screen_name",
    "parent_email": "contact", "phoneNumber": "contact", "$email": "contact", "streetAddress": "contact",
    "aadhaarNumber": "government_id", "ssn": "government_id", "user.pan": "government_id",
    "creditCardNumber": "financial", "upi_id": "financial", "$transactions": "financial",
    "abhaNumber": "health", "student_id": "education", "schoolName": "education",
    "lat": "precise_location", "$longitude": "precise_location", "geohash": "precise_location",
    "face_embedding": "biometric", "voiceprint": "biometric",
    "session_token": "credential", "password": "credential",
}  # fmt: skip
HARDWARE = ["sim_serial", "buildSerial", "bssid", "mac", "mac_address", "ssid", "imei", "IMSI", "wifi_mac", "iccid"]


@pytest.mark.parametrize("cohort", MEMBERS)
@pytest.mark.parametrize("name", NAMES)
def test_name_alone_raises_the_alarm_and_the_value_stays(name: str, cohort: str) -> None:
    outcome = judge(cohort, {"of_gameplay": "abc12", name: "anything"})
    assert alarms(outcome) == {NAMES[name]} & ALARMS[Cohort(cohort)]
    assert kept(outcome) == ({"of_gameplay": "abc12"} if cohort in LEAVES else {})


@pytest.mark.parametrize("cohort", MEMBERS)
@pytest.mark.parametrize("name", ["aaid", *HARDWARE])
def test_identifiers_that_google_play_bans_raise_the_alarm(name: str, cohort: str) -> None:
    outcome = judge(cohort, {name: "anything"})
    assert alarms(outcome) == (set() if cohort.endswith("adult") else {"advertising_id"})
    assert kept(outcome) == {}


@pytest.mark.parametrize("name", ["level_of_play", "worldly", "scores", "x", "आरव", "", "$unknown_thing"])
def test_ordinary_unknown_name_raises_no_alarm(name: str) -> None:
    outcome = judge("US/child", {name: "anything"})
    assert alarms(outcome) == set()


# --- version of the app beside an alarm


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("3.1.4", "3.1.4"), ("12", "12"), ("3.10", "3.10"), ("99.999.999", "99.999.999"),
        ("192.168.1.17", ""), ("10.0.0.1", ""), ("415.555.0123", ""), ("9876543210", ""), ("1.2.3.4.5", ""),
        ("aarav@example.com", ""), ("3.1.4 (Aarav's iPad)", ""), ("3.1.4\n", ""), ("३.१.४", ""), ("", ""),
        (3.1, ""), (["3.1.4"], ""), (None, ""),
    ],
)  # fmt: skip
def test_version_is_one_and_not_something_else_that_a_client_wrote(given: Any, told: str) -> None:
    properties = {"ssn": "123-45-6789", "$app_version_string": given}
    assert judge("US/adult", properties).app_version == told
    assert judge("IN/child", properties).app_version == told


def test_version_is_told_where_there_is_an_alarm_only() -> None:
    assert judge("US/adult", {"of_gameplay": "abc12", "$app_version_string": "3.1.4"}).app_version == ""


# --- actions that the shipped policy has no use for


def property_of(kind: PropertyClass) -> dict[str, Any]:
    return {"all": SCHEMA | {"properties": {"mine": BARE[kind], "level": BARE[PropertyClass.GAMEPLAY]}}}


HELD = {"mine": "abc12", "level": "abc12"}


@pytest.mark.parametrize("kind", [PropertyClass.EDUCATION, PropertyClass.PERSISTENT_ID, PropertyClass.NAME])
def test_pseudonymized_value_leaves_as_a_keyed_digest(kind: PropertyClass) -> None:
    policy = acting(POLICY, kind, Action.PSEUDONYMIZE)
    shown = {}
    for cohort in LEAVES:
        value = kept(judge(cohort, HELD, policy=policy, schemas=property_of(kind)))["mine"]
        assert len(value) == 32
        assert int(value, 16)
        again = kept(judge(cohort, HELD | {"unknown": 1}, policy=policy, schemas=property_of(kind)))["mine"]
        other = kept(judge(cohort, HELD | {"mine": "abc13"}, policy=policy, schemas=property_of(kind)))["mine"]
        assert value == again != other
        assert "mine" not in kept(judge(cohort, HELD | {"mine": "No Word"}, policy=policy, schemas=property_of(kind)))
        shown[cohort] = value
    # regions and spaces have keys of their own, so that nobody can join them
    assert shown["US/adult"] == shown["US/teen"] == shown["US/child"]
    assert len({shown["US/adult"], shown["IN/adult"], shown["US/unknown"]}) == 3


def test_pseudonym_of_one_space_never_leaves_in_the_other() -> None:
    policy = acting(POLICY, PropertyClass.EDUCATION, Action.PSEUDONYMIZE)
    registry = compile_registry(property_of(PropertyClass.EDUCATION), DEFAULTS, policy)
    context = context_of(policy, registry=registry)
    consented = World(context, consents_of(RECORDS["US/child"]))
    said = {"age": {"band": "child", "source": "age_screen"}}
    event = raw_event(event="all", properties=HELD, **said)
    with_consent, without_consent = consented.one(event), World(context, {}).one(event)
    assert with_consent.cohort == without_consent.cohort == Cohort.US_CHILD  # type: ignore[union-attr]
    assert kept(with_consent)["mine"] != kept(without_consent)["mine"]
    assert kept(consented.one(event)) == kept(with_consent)


@pytest.mark.parametrize("cohort", MEMBERS)
def test_drop_event_keeps_the_whole_event(cohort: str) -> None:
    policy = acting(POLICY, PropertyClass.MEDIA, Action.DROP_EVENT)
    schemas = property_of(PropertyClass.MEDIA)
    dropped = judge(cohort, HELD, policy=policy, schemas=schemas)
    assert isinstance(dropped, Dropped)
    if cohort in LEAVES:
        assert fate(dropped) == (DropReason.CLASS, cohort)
        assert kept_names(judge(cohort, {"level": "abc12"}, policy=policy, schemas=schemas)) == {"level"}


def test_drop_event_holds_for_one_cohort() -> None:
    policy = acting(POLICY, PropertyClass.MEDIA, Action.DROP_EVENT, Cohort.US_CHILD)
    schemas = property_of(PropertyClass.MEDIA)
    assert isinstance(judge("US/child", HELD, policy=policy, schemas=schemas), Dropped)
    assert kept_names(judge("US/teen", HELD, policy=policy, schemas=schemas)) == {"level"}


@pytest.mark.parametrize(
    "properties", [{"ssn": 1}, {"aadhaar": "x"}, {"level": "abc12", "parent": 1, "aadhaarNumber": None}]
)
def test_drop_event_also_looks_at_names_that_no_schema_lists(properties: dict[str, Any]) -> None:
    policy = acting(POLICY, PropertyClass.GOVERNMENT_ID, Action.DROP_EVENT)
    assert fate(judge("US/adult", properties, policy=policy)) == (DropReason.CLASS, Cohort.US_ADULT)


def test_drop_event_also_looks_at_mixpanels_names_that_nobody_may_keep() -> None:
    policy = acting(POLICY, PropertyClass.NETWORK, Action.DROP_EVENT)
    context = context_of(policy, registry=compile_registry(SCHEMAS, DEFAULTS, policy))
    here = World(context, consents_of(RECORDS["US/adult"]))
    assert isinstance(here.one(raw_event(event="all", properties={"$carrier": "x"})), Dropped)
    assert isinstance(here.one(raw_event(event="all", properties={"$os": "iOS"})), Clean)


@pytest.mark.parametrize("action", [Action.KEEP, Action.GENERALIZE, Action.PSEUDONYMIZE])
@pytest.mark.parametrize("kind", PropertyClass)
def test_property_of_mixpanels_without_a_form_leaves_under_no_policy(kind: PropertyClass, action: Action) -> None:
    policy = acting(POLICY, kind, action)
    registry = compile_registry({"all": SCHEMA | {"properties": {}}}, DEFAULTS, policy)
    formless = [
        name
        for name, schema in DEFAULTS["properties"].items()
        if schema["x-class"] == kind and not {"type", "enum"} & set(schema)
    ]
    families = ["$mp_unheard_of", "$warehouse_unheard_of", "utm_unheard_of", "$attr-x", "$ae_unheard_of", "$ios_x"]
    here = World(context_of(policy, registry=registry), consents_of(RECORDS["US/adult"]))
    outcome = here.one(raw_event(event="all", properties=dict.fromkeys([*formless, *families], "abc12")))
    assert kept(outcome) == {}


@pytest.mark.parametrize("action", [Action.SCRUB, Action.ROUTE])
@pytest.mark.parametrize("kind", sorted(set(PropertyClass) - {PropertyClass.FREE_TEXT, PropertyClass.URL}))
def test_scrub_and_route_open_no_other_class(kind: PropertyClass, action: Action) -> None:
    policy = acting(POLICY, kind, action)
    outcome = judge("US/adult", HELD, policy=policy, schemas=property_of(kind))
    assert "mine" not in kept(outcome)


def test_digest_is_of_region_space_name_and_text() -> None:
    found = {
        KEYS.property_name(region, space, name, text, NOW)
        for region in Region
        for space in KEYS.regions[region].spaces
        for name, text in [("a", "bc"), ("ab", "c"), ("a", "bd"), ("1:a", "bc")]
    }
    assert len(found) == 16
