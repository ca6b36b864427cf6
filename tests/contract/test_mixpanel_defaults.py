"""Every property that Mixpanel's own software adds has a class, and only what was reviewed may leave."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from pipeline.policy.checks import build_check
from pipeline.schemas import load_schema

SCHEMA = load_schema("mixpanel-defaults")
PROPERTIES: dict[str, dict[str, Any]] = SCHEMA["properties"]
FAMILIES: dict[str, dict[str, Any]] = SCHEMA["patternProperties"]
NAMES = Path(__file__).with_name("mixpanel_spec_names.txt").read_text("utf-8").splitlines()
GROUPS = ("child", "teen", "adult")
KEYS = {"description", "x-class", "x-cohorts", "x-generalize"}
GENERALIZERS = {"os_major", "form_factor", "country", "state", "day", "host"}
KEPT_CLASSES = {"operational", "gameplay", "device", "network", "coarse_location", "marketing"}
PERSONAL = {
    "persistent_id", "advertising_id", "ip", "precise_location", "name", "screen_name", "contact", "government_id",
    "financial", "health", "education", "birth_date", "age", "media", "biometric",
}  # fmt: skip
CLASSES = KEPT_CLASSES | PERSONAL | {"free_text", "url", "control"}
FOR_CHILDREN = {
    "$ae_session_length", "$ae_updated_version", "$app_build_number", "$app_release", "$app_version",
    "$app_version_string", "$duration", "$experiment_id", "$experiment_type", "$is_experiment_active",
    "$mp_experiment_name", "$os", "$variant_source", "Experiment name", "Variant name", "mp_country_code",
}  # fmt: skip
ROUTES = {"$current_url", "current_url_path", "$pathname", "$host", "current_domain"}
GENERALIZED = {
    "mp_country_code": "country", "$country_code": "country", "$region": "state", "$os_version": "os_major",
    "$android_os_version": "os_major", "$ios_version": "os_major", "$model": "form_factor",
    "mp_device_model": "form_factor", "$ios_device_model": "form_factor", "$device": "form_factor", "$created": "day",
    "$ae_first_app_open_date": "day", "$host": "host", "current_domain": "host",
}  # fmt: skip
PERSONAL_VALUES = (
    "aarav.sharma@example.com", "Aarav Sharma", "+14155550123", "4155550123", "415-555-0123", "415.555.0123",
    "555-0123", "078-05-1120", "078051120", "4111111111111111", "4111-1111-1111-1111", "4111.1111.1111.1111",
    "2345 6789 0124", "234567890124", "ABCDE1234F", "192.0.2.17", "10.1.2.3", "2001:db8::1", "37.774929", "-122.419415",
    "37.7749,-122.4194", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "9b2e4d0a1c3f5e77", "356938035643809",
    "00:1B:44:11:3A:B7", "https://x.example/reset?token=a", "/signup/eyJhbGciOiJIUzI1NiJ9", "@aarav_plays", "aarav@upi",
    "2015-03-12", "12/03/2015", "Aarav's iPhone", "San Francisco", "560001x", "94110-1234", "आरव", "", "a\n", "iOS\n",
)  # fmt: skip
NUMBERS = (10**9, 4155550123, 234567890124, 4111111111111111, 1795599493000, -1, -122.419415, 2**53)
POSTCODES = ("94110", "560001")
BUILDS = {"$app_build_number", "$ios_app_version", "$ios_app_release"}  # their nature is to be a bare number


def constrained(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in KEYS}


def keepable(schema: dict[str, Any]) -> set[str]:
    """The groups that may keep a property as it is or in a coarser form."""
    if schema["x-class"] not in KEPT_CLASSES or not constrained(schema):
        return set()
    return set(schema.get("x-cohorts", GROUPS))


def checks() -> dict[str, Callable[[Any], bool]]:
    return {name: build_check(constrained(schema)).allows for name, schema in PROPERTIES.items() if keepable(schema)}


def test_is_a_schema_of_an_object() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:coppice:schema:mixpanel-defaults"
    assert SCHEMA["type"] == "object"


def test_names_are_exactly_the_reviewed_ones() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 230
    assert set(NAMES) - set(PROPERTIES) == set()
    assert set(PROPERTIES) - set(NAMES) == set()


@pytest.mark.parametrize("name", [*PROPERTIES, *FAMILIES])
def test_class_cohorts_and_generalization_are_words_of_the_policy(name: str) -> None:
    schema = (PROPERTIES | FAMILIES)[name]
    assert schema["x-class"] in CLASSES
    assert schema["description"].endswith(".")
    assert set(schema.get("x-cohorts", [])) < set(GROUPS)
    assert schema.get("x-generalize", "day") in GENERALIZERS


def test_kept_property_can_be_checked() -> None:
    for name, schema in PROPERTIES.items():
        if schema["x-class"] in KEPT_CLASSES and schema.get("x-cohorts") != []:
            assert constrained(schema), name
            build_check(constrained(schema))


def test_device_and_place_leave_in_a_coarser_form_only() -> None:
    for name, schema in PROPERTIES.items():
        if schema["x-class"] in {"device", "network", "coarse_location"}:
            assert bool(keepable(schema)) == ("x-generalize" in schema), name


def test_generalized_properties_are_the_reviewed_ones() -> None:
    found = {name: schema["x-generalize"] for name, schema in PROPERTIES.items() if "x-generalize" in schema}
    assert found == GENERALIZED


def test_personal_data_has_no_form_in_which_it_could_be_kept() -> None:
    for name, schema in (PROPERTIES | FAMILIES).items():
        if schema["x-class"] in PERSONAL | {"control", "free_text", "url"}:
            assert not constrained(schema), name
        if schema["x-class"] in PERSONAL | {"control", "free_text"}:
            assert "x-generalize" not in schema, name
        if schema["x-class"] == "free_text":
            assert schema["x-cohorts"] == [], name


def test_addresses_are_for_adults_and_routes_only() -> None:
    urls = {name: schema["x-cohorts"] for name, schema in PROPERTIES.items() if schema["x-class"] == "url"}
    assert {name for name, cohorts in urls.items() if cohorts} == ROUTES
    assert all(urls[name] == ["adult"] for name in ROUTES)


@pytest.mark.parametrize("group", ["child", "teen"])
def test_what_a_minor_may_keep_is_the_reviewed_list(group: str) -> None:
    assert {name for name, schema in PROPERTIES.items() if group in keepable(schema)} == FOR_CHILDREN


def test_marketing_is_for_adults() -> None:
    found = [schema for schema in PROPERTIES.values() if schema["x-class"] == "marketing"]
    assert found
    assert all(set(schema["x-cohorts"]) <= {"adult"} for schema in found)


def test_families_do_not_overlap_and_keep_nothing() -> None:
    for name in [
        *NAMES,
        "$mp_x",
        "$warehouse_x",
        "utm_x",
        "initial_utm_x",
        "$el_attr__x",
        "$attr-x",
        "$ios_x",
        "$ae_x",
    ]:
        assert sum(re.search(pattern, name) is not None for pattern in FAMILIES) <= 1
        assert name in PROPERTIES or any(re.search(pattern, name) for pattern in FAMILIES)
    for schema in FAMILIES.values():
        assert not constrained(schema)
        assert schema["x-class"] == "control" or schema["x-cohorts"] == []


@pytest.mark.parametrize("value", [*PERSONAL_VALUES, *POSTCODES, *NUMBERS], ids=repr)
def test_no_kept_property_can_hold_a_personal_value(value: Any) -> None:
    allowed = {name for name, check in checks().items() if check(value)}
    if value in POSTCODES:
        allowed -= BUILDS
    assert allowed == set()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("$os", ["Android", "iOS", "Mac OS X"]),
        ("$os_version", ["14", "17.4.1", "17"]),
        ("$app_version", ["2.31.4", "1.0", "3.0.0-beta.2"]),
        ("$app_build_number", ["4711", "2.31.4"]),
        ("$app_release", [231004]),
        ("mp_country_code", ["US", "IN"]),
        ("$region", ["California", "Maharashtra", "Tamil Nadu"]),
        ("$model", ["iPhone15,2", "iPad13,4", "phone"]),
        ("$device", ["Android Tablet", "tablet"]),
        ("$created", ["2024-05-01T10:20:30", "2024-05-01T10:20:30.123Z", "2024-05-01"]),
        ("$duration", [0, 3, 12.375]),
        ("$ae_session_length", [10.1]),
        ("$ae_iap_name", ["com.example.gems_100", "plan"]),
        ("$ae_iap_price", ["12.99"]),
        ("$experiment_id", ["exp_789", "exp-123"]),
        ("Experiment name", ["new_map_v2", "test-flag", "checkoutFlow"]),
        ("Variant name", ["control", "Variant_B", "v_true"]),
        ("utm_source", ["google"]),
        ("utm_campaign", ["summer_sale_2026"]),
        ("$variant_source", ["network"]),
        ("$mp_autocapture", [True, False]),
    ],
)
def test_what_the_sdks_send_fits(name: str, values: list[Any]) -> None:
    check = checks()[name]
    validator = jsonschema_rs.validator_for(constrained(PROPERTIES[name]))
    assert all(check(value) and validator.is_valid(value) for value in values)
