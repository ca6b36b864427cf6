"""What leaves in another form than it came in: coarse values, templates of addresses, scrubbed text (R18, R21–R24)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.engine import scan
from pipeline.detect.scrub import LIMIT
from pipeline.policy.compiled import UNSAFE
from pipeline.policy.transforms import GENERALIZERS, build_route
from pipeline.policy.vocabulary import Region
from pipeline.schemas import load_schema
from tests.core.names import shown
from tests.core.worlds import OPEN, RECORDS, adult_world, kept, raw_event, world

ADULT = adult_world()
INDIAN = world(OPEN, records=(RECORDS["IN/adult"],))
CHILD = world(OPEN, records=(RECORDS["US/child"],))
TEEN = world(OPEN, {"us_teen": {"profile": "teen"}}, records=(RECORDS["US/teen"],))


def leaves(name: str, value: Any, here: Any = ADULT, region: str = "US") -> Any:
    """Return the form in which an adult's property leaves, UNSAFE if it does not."""
    return kept(here.one(raw_event(region=region, properties={name: value}))).get(name, UNSAFE)


# --- coarse values


@pytest.mark.parametrize(
    ("name", "value", "coarse"),
    [
        ("$os_version", "17.2.1", "17"), ("$os_version", "9", "9"), ("$android_os_version", "14.0", "14"),
        ("$ios_version", "5.1", "5"),
        ("$os_version", "17.2.1.4", UNSAFE), ("$os_version", "100", UNSAFE), ("$os_version", "17.2-beta", UNSAFE),
        ("$os_version", "", UNSAFE), ("$os_version", 17, UNSAFE), ("$os_version", "१७.२", UNSAFE),
        ("$os_version", "17.2\n", UNSAFE), ("$os_version", ["17"], UNSAFE), ("$os_version", None, UNSAFE),
        ("$model", "iPhone14,2", "phone"), ("$model", "iPad13,4", "tablet"), ("$model", "Watch6,1", "watch"),
        ("$model", "AppleTV11,1", "tv"), ("$model", "iPod9,1", "phone"), ("$model", "phone", "phone"),
        ("mp_device_model", "tablet", "tablet"), ("$ios_device_model", "iPhone9,9", "phone"),
        ("$model", "Aarav's iPhone", UNSAFE), ("$model", "SM-G991B", UNSAFE), ("$model", "iPhone", UNSAFE),
        ("$model", "iPhone14,2 Aarav", UNSAFE), ("$model", "IPHONE14,2", UNSAFE),
        ("$device", "iPhone", "phone"), ("$device", "desktop", "desktop"),
        ("$device", "Android", UNSAFE), ("$device", "Aarav's iPad", UNSAFE),
        ("$created", "2026-11-25T09:46:40", "2026-11-25"), ("$created", "2026-11-25T09:46:40.123456Z", "2026-11-25"),
        ("$created", "2026-11-25", "2026-11-25"), ("$created", "2019-11-25", UNSAFE), ("$created", 1795600000, UNSAFE),
        ("$ae_first_app_open_date", "2026-11-25", "2026-11-25"),
        ("$region", "Karnataka", "Karnataka"), ("$region", "California", "California"),
        ("$region", "Bengaluru", UNSAFE),
        ("$region", "california", UNSAFE), ("$region", "560001", UNSAFE), ("$region", "94105", UNSAFE),
        ("$city", "Bengaluru", UNSAFE), ("$latitude", 12.97, UNSAFE), ("$timezone", "Asia/Kolkata", UNSAFE),
        ("$carrier", "Jio", UNSAFE), ("$radio", "LTE", UNSAFE), ("$wifi", True, UNSAFE), ("$brand", "Apple", UNSAFE),
        ("$screen_width", 390, UNSAFE), ("$screen_heights", 390, UNSAFE), ("$locale", "en-IN", UNSAFE),
        ("$device_name", "Aarav's iPhone", UNSAFE), ("$browser", "Chrome", UNSAFE),
    ],
)  # fmt: skip
def test_coarse_form_of_an_adults_property(name: str, value: Any, coarse: Any) -> None:
    assert leaves(name, value) == coarse


@pytest.mark.parametrize("here", [CHILD, TEEN])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("$os_version", "17.2.1"), ("$model", "iPhone14,2"), ("$device", "iPhone"), ("$region", "California"),
        ("$country_code", "US"), ("$created", "2026-11-25"), ("note", "hello"), ("page", "/help"), ("network", "wifi"),
    ],
)  # fmt: skip
def test_minors_leave_without_it(here: Any, name: str, value: Any) -> None:
    assert leaves(name, value, here) is UNSAFE


@pytest.mark.parametrize(
    ("here", "region", "value", "stays"),
    [
        (ADULT, "US", "US", False), (ADULT, "US", "IN", True), (ADULT, "US", "CA", True), (ADULT, "US", "us", True),
        (ADULT, "US", "USA", True), (ADULT, "US", "", True), (ADULT, "US", None, True), (ADULT, "US", ["US"], True),
        (INDIAN, "IN", "IN", False), (INDIAN, "IN", "US", True), (CHILD, "US", "US", False), (CHILD, "US", "FR", True),
        (TEEN, "US", "US", False), (TEEN, "US", "IN", True),
    ],
)  # fmt: skip
def test_country_leaves_where_it_is_the_regions(here: Any, region: str, value: Any, stays: bool) -> None:
    assert leaves("mp_country_code", value, here, region) == (UNSAFE if stays else value)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,3}){0,3}\Z")
    | st.lists(st.text(max_size=4), max_size=2)
)
GENERALIZED = [
    name
    for name, schema in load_schema("mixpanel-defaults")["properties"].items()
    if schema.get("x-generalize") in GENERALIZERS
]
COARSE = {"phone", "tablet", "watch", "tv", "desktop", "US"} | set(
    load_schema("mixpanel-defaults")["properties"]["$region"]["enum"]
)


@given(st.sampled_from(GENERALIZED), VALUES | st.sampled_from(["2026-11-25T01:02:03", "iPhone14,2", "US", "Goa"]))
def test_nothing_finer_than_the_coarse_form_leaves(name: str, value: Any) -> None:
    form = leaves(name, value)
    if form is UNSAFE:
        return
    number = form.isdigit() and len(form) <= 2
    day = len(form) == 10 and form.count("-") == 2
    assert form in COARSE or number or day


# --- addresses

ROUTES = ["/help", "play.example.com/levels/{n}", "cdn.example.com/v/{id}/master.m3u8", "level/{n}", "play.example.com"]
ROUTE = build_route(ROUTES)
PERSONAL = "aarav%40example.com"


@pytest.mark.parametrize(
    ("value", "template"),
    [
        ("/help", "/help"), ("https:///help", "/help"), ("/help?q=aarav", "/help"), ("/help#aarav", "/help"),
        ("https://play.example.com/levels/7", "play.example.com/levels/{n}"),
        ("HTTPS://PLAY.example.com/levels/7", "play.example.com/levels/{n}"),
        ("//play.example.com/levels/7", "play.example.com/levels/{n}"),
        ("https://play.example.com:8443/levels/7", "play.example.com/levels/{n}"),
        ("https://aarav:secret@play.example.com/levels/7", "play.example.com/levels/{n}"),
        ("https://play.example.com/levels/7?token=abc&gclid=x", "play.example.com/levels/{n}"),
        ("https://play.example.com/levels/7#aarav", "play.example.com/levels/{n}"),
        ("https://play.example.com/levels/aarav.sharma@example.com", "play.example.com/levels/{n}"),
        (f"https://play.example.com/levels/{PERSONAL}", "play.example.com/levels/{n}"),
        ("https://play.example.com/levels/%2541arav", "play.example.com/levels/{n}"),
        ("https://play.example.com/%6Cevels/7", "play.example.com/levels/{n}"),
        ("https://cdn.example.com/v/v-4411/master.m3u8?X-Amz-Signature=1", "cdn.example.com/v/{id}/master.m3u8"),
        ("coppice://level/7", "level/{n}"), ("https://play.example.com", "play.example.com"),
        ("https://play.example.com?x=1", "play.example.com"),
    ],
)  # fmt: skip
def test_template_of_an_address_leaves(value: str, template: str) -> None:
    assert ROUTE(value, Region.US) == template


@pytest.mark.parametrize(
    "value",
    [
        "", "help", "/HELP", "/help/", "/help/me", "//help", "/help\u200b", "/ｈｅｌｐ", "https://evil.example.com/help",
        "https://play.example.com.evil.com/levels/7", "https://evil.com/play.example.com/levels/7",
        "https://evil.com#play.example.com/levels/7", "https://play.example.com@evil.com/levels/7",
        "https://play.example.com/levels/", "https://play.example.com/levels/7/8", "https://play.example.com/levels",
        "https://play.example.com/levels/a%2Fb", "https://play.example.com/levels/" + "x" * 201,
        "https://play.example.com/%256Cevels/7", "https://play.example.com/levels/7/", "https://पृथ्वी.example/levels/7",
        "https://play.example.com/levels/आरव", "https://pláy.example.com/levels/7", "https://[::1/levels/7",
        "https://[fe80::1]/levels/7", "https://192.168.1.17/levels/7", "data:text/html;base64,aGVscA==",
        "javascript:alert(1)", "mailto:aarav@example.com", "file:///etc/passwd", "/help;aarav", "x" * 5_000,
        "/help?" + "x" * 5_000, 5, None, True, ["/help"], {"url": "/help"},
    ],
    ids=shown,
)  # fmt: skip
def test_address_that_fits_no_template_leaves_nothing(value: Any) -> None:
    assert ROUTE(value, Region.US) is UNSAFE


@given(st.text() | st.from_regex(r"\A(https?:)?//play\.example\.com(:[0-9]+)?/levels/[!-~]{0,20}\Z"))
def test_nothing_but_a_template_ever_leaves(value: str) -> None:
    form = ROUTE(value, Region.US)
    assert form is UNSAFE or form in ROUTES


@pytest.mark.parametrize(
    "template",
    [
        "", "/a b", "/a?b={c}", "/a#b", "https://play.example.com/a", "user@host/a", "/a/{B}", "/a/{}", "/a/{b",
        "/a/b}", "/a/%41", "/a/*", "/a/[0-9]+", "/a/आरव", "/users/9876543210", "/ssn/123-45-6789",
        "/a/{" + "x" * 21 + "}", "/a\n",
    ],
)  # fmt: skip
def test_template_that_is_not_plain_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="host and a path"):
        build_route(["/help", template])


def test_address_leaves_as_its_template_only() -> None:
    address = "https://aarav:pw@play.example.com:443/levels/7?token=abc#x"
    assert leaves("page", address) == "play.example.com/levels/{n}"
    assert leaves("page", "https://other.example.com/levels/7") is UNSAFE
    assert leaves("link", address) is UNSAFE  # no routes are listed
    for name in ("$current_url", "current_url_path", "$pathname", "$host", "current_domain", "$referrer", "mp_page"):
        assert leaves(name, address) is UNSAFE
    assert leaves("page", address, INDIAN, "IN") == "play.example.com/levels/{n}"


# --- free text of adults


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("what a game", "what a game"),
        ("बहुत अच्छा खेल", "बहुत अच्छा खेल"),
        ("", ""),
        ("a@b.example.com", "[email]"),
        ("ok ２３４１ २३४१ 2346", "ok [aadhaar]"),
        ("call 98765 43210", "call [phone_in]"),
        ("so good " * 30, "so good so good so g"),
    ],
)
def test_text_is_scrubbed_and_cut_to_what_its_schema_says(text: str, left: str) -> None:
    assert leaves("note", text) == left
    assert leaves("note", text, INDIAN, "IN") == left


def test_text_that_cannot_be_made_safe_stays() -> None:
    for text in ("x" * 40_000, 5, ["a@b.example.com"], {"a": 1}, None, True):
        assert leaves("note", text) is UNSAFE


PIECES = st.sampled_from(
    ["aarav@example.com", "9876543210", "2341 2341 2346", "123-45-6789", "4111111111111111", "192.168.1.17",
     "ABCPE1234F", "ravi@okhdfcbank", "https://x.example/u?id=1", "great", "level 7", "३ तारे", " ", ",",
     "\n", "१२३", "[email]", "&#64;", "%40", "\u200b"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=60))
def test_what_leaves_of_a_text_holds_nothing_and_stays_as_it_is(text: str) -> None:
    left = leaves("note", text)
    if left is not UNSAFE:
        assert len(left) <= LIMIT
        assert not scan(left).findings
        assert leaves("note", left) == left
