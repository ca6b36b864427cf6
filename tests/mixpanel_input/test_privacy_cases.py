"""T43–T52: what SDKs collect by themselves, and what of it leaves."""

import base64
import json
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.compiled import Registry
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import event_schemas
from tests.core.worlds import DEFAULTS, FIXED_KEYS, OPEN, RECORDS, World, consents_of, context_of, policy_of
from tests.mixpanel_input.sdk import COPPICE, left, one, sdk_event

POLICY = policy_of(OPEN)
ROUTED = {
    "title": "opened",
    "type": "object",
    "x-purpose": "analytics",
    "properties": {
        "address": {
            "type": "string",
            "x-class": "url",
            "x-cohorts": ["adult"],
            "x-routes": ["app.example.com/signup/{token}", "app.example.com/levels/{id}", "/help"],
        }
    },
    "additionalProperties": False,
}
REGISTRY: Registry = compile_registry(event_schemas() | {"opened": ROUTED}, DEFAULTS, POLICY)
HERE = World(context_of(POLICY, registry=REGISTRY), consents_of(RECORDS["US/adult"]))
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


def opened(**properties: Any) -> dict[str, Any]:
    return sdk_event(**properties) | {"event": "opened"}


def clean(event: dict[str, Any]) -> dict[str, Any]:
    return HERE.clean(event)


@pytest.mark.parametrize(
    "name", ["$mp_input_change", "$mp_click", "$mp_rage_click", "$mp_submit", "$web_event", "$mp_web_page_view"]
)
def test_t43_events_that_sdks_record_by_themselves_are_dropped(name: str) -> None:
    elements = [{"$tag_name": "input", "$attr-type": "password", "value": "hunter2"}]
    event = sdk_event(**{"$elements": elements, "$el_text": "Aarav"}) | {"event": name}
    outcome = HERE.one(event)
    assert isinstance(outcome, Dropped)
    assert (outcome.reason, outcome.cohort) == (DropReason.UNKNOWN_EVENT, Cohort.US_ADULT)


def test_t43_password_field_on_a_registered_event_stays_behind() -> None:
    elements = [{"$tag_name": "input", "$attr-type": "password", "value": "hunter2"}]
    autocapture = {"$elements": elements, "$el_text": "hunter2", "$el_attr__value": "hunter2", "$target": "hunter2"}
    outcome = one(sdk_event(**autocapture))
    assert isinstance(outcome, Clean)
    assert b"hunter2" not in outcome.value


@pytest.mark.parametrize("name", ["$referrer", "$initial_referrer", "$current_url", "current_url_search", "referrer"])
def test_t44_referrer_with_secrets_stays_behind(name: str) -> None:
    outcome = one(sdk_event(**{name: "https://x.example/reset?token=s3cr3t&email=kid@example.com#top"}))
    assert isinstance(outcome, Clean)
    for secret in (b"s3cr3t", b"kid", b"x.example"):
        assert secret not in outcome.value


@pytest.mark.parametrize(
    ("address", "template"),
    [
        (f"https://app.example.com/signup/{JWT}", "app.example.com/signup/{token}"),
        (f"https://app.example.com/signup/{JWT}?next=/signup/{JWT}#x", "app.example.com/signup/{token}"),
        (f"https://kid:pw@app.example.com/signup/{JWT}", "app.example.com/signup/{token}"),
        ("/help", "/help"),
        (f"/verify-email/expired/{JWT}", None),
        (f"/signin?next=/signup/{JWT}", None),
    ],
)
def test_t45b_token_in_a_path_or_query_never_leaves(address: str, template: str | None) -> None:
    properties = clean(opened(address=address))
    assert properties.get("address") == template
    assert "eyJ" not in json.dumps(properties)


@pytest.mark.parametrize("value", [1, "1", "203.0.113.7", True, "2001:db8::7"])
@pytest.mark.parametrize("name", ["ip", "$ip"])
def test_t46_geolocation_by_address_stays_off(name: str, value: Any) -> None:
    properties = clean(opened(**{name: value}))
    assert properties["ip"] == 0
    assert "$ip" not in properties
    assert "203.0.113.7" not in json.dumps(properties)


def test_t46_the_address_of_a_request_has_no_way_in() -> None:
    body = b"ip=1&verbose=1&data=" + base64.b64encode(json.dumps(opened()).encode())
    assert clean(json.loads(json.dumps(opened()))) == json.loads(_value(HERE.one(body)))["properties"]


def _value(outcome: Any) -> bytes:
    assert isinstance(outcome, Clean), outcome
    return outcome.value


def test_t47_country_stays_where_it_is_the_accounts_and_the_city_goes() -> None:
    place = {"$city": "Palo Alto", "mp_country_code": "US", "$latitude": 37.4, "$longitude": -122.1}
    properties = clean(opened(**place))
    assert properties["mp_country_code"] == "US"
    assert not {"$city", "$latitude", "$longitude"} & properties.keys()
    assert "mp_country_code" not in clean(opened(mp_country_code="FR"))


@pytest.mark.parametrize(
    "extra",
    [
        {"$ios_ifa": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"idfa": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"advertisingId": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"device": {"ids": [{"idfa": "6D92078A-8246-4BA4-AE5B-76104861E7DC"}]}},
        {"address": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"$ios_devices": ["6D92078A-8246-4BA4-AE5B-76104861E7DC"]},
        {"$android_devices": ["6D92078A-8246-4BA4-AE5B-76104861E7DC"]},
        {"android_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"MediaDrm": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"distinct_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"$insert_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
    ],
    ids=str,
)
def test_t50_t51_device_and_advertising_ids_never_leave(extra: dict[str, Any]) -> None:
    assert b"6D92078A" not in _value(HERE.one(opened(**extra)))


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "CloudFront-Viewer-Address", "Forwarded"])
def test_t52_headers_of_a_proxy_that_became_properties_never_leave(name: str) -> None:
    assert b"203.0.113" not in _value(HERE.one(opened(**{name: "203.0.113.7"})))
    assert b"203.0.113" not in _value(HERE.one(opened() | {name: "203.0.113.7"}))


@pytest.mark.parametrize("name", ["$ignore", "bucket", "$bucket", "token", "$token", "$ignore_time", "Project Token"])
def test_properties_that_steer_mixpanel_stay_behind(name: str) -> None:
    properties = clean(opened(**{name: "evil"}))
    assert properties["token"] == "token-us"
    assert properties.keys() - FIXED_KEYS == clean(opened()).keys() - FIXED_KEYS


def test_everything_at_once_leaves_what_the_ordinary_event_leaves() -> None:
    noisy = sdk_event(
        **{"$ios_ifa": "6D92078A-8246-4BA4-AE5B-76104861E7DC", "$email": "kid@example.com", "$wifi": True}
    )
    assert left(noisy) == left(sdk_event())
    assert str(COPPICE["profile_id"]) not in json.dumps(left(noisy))
