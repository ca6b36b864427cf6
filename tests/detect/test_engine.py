"""Findings in texts and values: views, context, names, overlaps, bounds."""

import base64
import math
from typing import Any

import pytest

from pipeline.detect import engine, warmup
from pipeline.detect.catalogue import BY_NAME, CATALOGUE
from pipeline.detect.detector import Finding
from pipeline.detect.engine import MAX_NESTING, MAX_NODES, SERIES, names, quick, quick_all, scan, scan_value
from pipeline.detect.normalise import MAX_TEXT
from pipeline.detect.overlaps import join


def found(text: str, key: str = "") -> list[tuple[str, str]]:
    seen = scan(text, key)
    return [(finding.detector.name, seen.text[finding.start : finding.end]) for finding in seen.findings]


def in_value(key: str, value: Any) -> list[tuple[str, str]]:
    return [(each.detector.name, ".".join(map(str, each.path))) for each in scan_value(key, value)]


def test_finds_several_in_order() -> None:
    text = "mia@example.com 98765 43210 aadhaar 2341 2341 2346 PAN ABCPE1234F ip 114.151.36.141"
    assert found(text) == [
        ("email", "mia@example.com"),
        ("phone_in", "98765 43210"),
        ("aadhaar", "2341 2341 2346"),
        ("pan", "ABCPE1234F"),
        ("ip", "114.151.36.141"),
    ]


def test_what_overlaps_is_one_finding_under_the_longest_name() -> None:
    assert found("9876543210@paytm") == [("upi", "9876543210@paytm")]
    assert found("4111 1111 1111 1111") == [("payment_card", "4111 1111 1111 1111")]
    assert found("27AAPFU0939F1ZV") == [("gstin", "27AAPFU0939F1ZV")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("born on 09/04/2016", [("birth_date", "09/04/2016")]),
        ("played on 09/04/2016", []),
        ("जन्म 09/04/2016", [("birth_date", "09/04/2016")]),
        ("born " + "x " * 20 + "09/04/2016", []),
        ("09/04/2016 is my birthday", [("birth_date", "09/04/2016")]),
        ("J8293753 mera purana wala hi passport hai", [("indian_passport", "J8293753")]),
        ("09/04/2016 " + "x " * 20 + "is my birthday", []),
        ("stubborn 09/04/2016", []),
        ("[birth_date] 09/04/2016", []),
    ],
)
def test_context_is_a_word_nearby(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_name_is_context_and_may_say_all() -> None:
    assert found("09/04/2016", "child_birth_note") == [("birth_date", "09/04/2016")]
    assert found("level 4", "childDob") == [("birth_date", "level 4")]
    assert found("Zuzz", "$name") == [("name", "Zuzz")]
    assert found("Zuzz", "level_name") == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("$email", "email"),
        ("parent_email", "email"),
        ("parentEmail", "email"),
        ("user.contact.phone-number", "phone"),
        ("$ip", "ip"),
        ("x-forwarded-for", "ip"),
        ("client_ip", "ip"),
        ("IDFA", "advertising_id"),
        ("$ios_ifa", "advertising_id"),
        ("advertisingId", "advertising_id"),
        ("child_name", "name"),
        ("nickname", "handle"),
        ("player", "handle"),
        ("dob", "birth_date"),
        ("$latitude", "coordinates"),
        ("lng", "coordinates"),
        ("$city", "place"),
        ("gclid", "click_id"),
        ("faceEmbedding", "biometric"),
        ("fcm_token", "push_token"),
        ("android_id", "device_serial"),
        ("SSID", "device_serial"),
        ("grade", "age"),
        ("$device_id", "uuid"),
        ("sessionCookie", None),
        ("score", None),
        ("screen", None),
        ("level_name", None),
        ("", None),
        ("🙂", None),
    ],
)
def test_names_tell(key: str, name: str | None) -> None:
    owner = names(key)
    assert (owner.name if owner else None) == name


def test_a_token_that_decodes_goes_whole() -> None:
    token = base64.b64encode(b"mia@example.com").decode()
    assert found(f"see {token} ok") == [("email", token)]
    assert found("mia%40example.com now") == [("email", "mia@example.com")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my passport is SjgyOTM3NTM= ok", ["indian_passport"]),
        ("SjgyOTM3NTM= is my passport", ["indian_passport"]),
        ("zip MDIxMzk= please", ["zip_code"]),
        ("zip MDIxMzk please", ["zip_code"]),
        ("see SjgyOTM3NTM= ok", []),
        ("passport " + "x " * 20 + "SjgyOTM3NTM=", []),
        ("see MDIxMzk= ok", []),
        ("my iPhone and YouTube zip", []),
    ],
)
def test_a_word_beside_a_token_names_what_it_decodes_to(text: str, expected: list[str]) -> None:
    assert [name for name, _ in found(text)] == expected


def test_a_name_names_what_a_token_decodes_to() -> None:
    assert found("SjgyOTM3NTM=", "passport_note") == [("indian_passport", "SjgyOTM3NTM=")]


def test_equals_are_told_apart_by_name_in_any_order() -> None:
    one, other = (Finding(BY_NAME[name], 0, 10) for name in ("phone_in", "phone_us"))
    assert list(join([one, other])) == list(join([other, one])) == [one]


def test_json_in_a_text_is_judged_by_its_names() -> None:
    assert found('got {"child_name": "Mia"} ok') == [("name", '{"child_name": "Mia"}')]
    assert found('got {"level": "hard"} ok') == []
    assert found(str([0.5] * SERIES)) == [("biometric", str([0.5] * SERIES))]


def test_a_blob_is_opaque_or_biometric() -> None:
    assert found("a b " * MAX_TEXT)[0][0] == "opaque"
    assert found("x" + "Ab0+" * 60)[0][0] == "biometric"


def test_scan_does_not_judge_what_is_scrubbed_already() -> None:
    assert found("[aadhaar] 1234 [phone_in] [email]") == []
    assert found("[aadhaar] 98765 43210") == [("phone_in", "98765 43210")]
    assert found("[nothing] 98765 43210") == [("phone_in", "98765 43210")]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("ref", 234123412346, [("aadhaar", "ref")]),
        ("n", 9876543210, [("phone_in", "n")]),
        ("n", 9876543210.0, [("phone_in", "n")]),
        ("n", -9876543210, [("phone_in", "n")]),
        ("routing_number", 21000021, [("aba_routing", "routing_number")]),
        ("phone", 1, [("phone", "phone")]),
        ("a", {"b": [{"text": "mia@example.com"}]}, [("email", "a.b.0.text")]),
        ("mia@example.com", True, [("email", "[email]")]),
        ("a", {"mia@example.com": {"x": 1}}, [("email", "a.[email]")]),
        ("a", {"dob": "2016-04-09", "x": 1}, [("birth_date", "a.dob")]),
        ("a", [18.5204303, 73.8567437], [("coordinates", "a")]),
        ("v", [0.5] * SERIES, [("biometric", "v")]),
        ("v", [1] * 512, [("biometric", "v")]),
        ("v", [0.5] * (SERIES - 1), []),
        ("email", None, []),
        ("email", False, []),
        ("email", "", []),
        ("score", 1234567890, []),
        ("time", 1795600000000, []),
        ("price", 1499.0, []),
        ("load_ms", 600000, []),
        ("x", math.nan, []),
        ("x", math.inf, []),
        ("x", 10**400, [("opaque", "x")]),
        ("a", [{"mac": "3D:F2:C9:A6:B3:4F"}, "jungle", 3, None, True], [("mac", "a.0.mac")]),
    ],
)
def test_values(key: str, value: Any, expected: list[tuple[str, str]]) -> None:
    assert in_value(key, value) == expected


def test_a_value_over_the_bounds_is_opaque() -> None:
    deep: Any = 1
    for _ in range(MAX_NESTING + 1):
        deep = [deep]
    assert in_value("a", deep)[-1][0] == "opaque"
    assert in_value("a", [["x"] * 2] * MAX_NODES)[-1][0] == "opaque"
    assert in_value("a", {str(n): 1 for n in range(MAX_NODES + 1)})[-1][0] == "opaque"


def test_a_text_with_more_numbers_than_can_be_judged_is_opaque() -> None:
    assert found("1 " * 50) == []
    assert {name for name, _ in found("1 " * 3000)} == {"opaque"}
    assert {name for name, _ in found("see " + base64.b64encode(b"1 " * 2500).decode())} == {"opaque"}


def test_a_value_with_more_numbers_than_can_be_judged_is_opaque_where_judging_stopped() -> None:
    assert in_value("a", ["1 " * 50]) == []
    seen = in_value("a", ["1 " * 50] * 60)
    assert seen[-1][0] == "opaque"
    assert seen[-1][1].startswith("a.")


def test_long_names_are_not_read_to_the_end() -> None:
    names_of_a_value = {f"{number} " * (MAX_TEXT // 8): 1 for number in range(100, 120)}
    assert in_value("a", names_of_a_value)[-1] == ("opaque", "a")
    assert in_value("x" * (MAX_TEXT + 1), 1)[-1][0] == "opaque"


@pytest.mark.replaces_names
def test_warming_reads_every_detector_and_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(engine, "scan", read.append)
    engine.warm()
    missed = [d.name for d in CATALOGUE for hit in d.hits if not any(text.endswith(f" {hit}") for text in read)]
    assert missed == []
    assert len(set(map(tuple, warmup.events()))) == warmup.ROUNDS


def test_quick_says_no_to_most_and_never_to_something() -> None:
    clean = [
        "level_completed",
        "jungle",
        "5.3.0",
        "hard",
        "gems_pack_100",
        "E1042",
        "q-fractions-7",
        "score 48210 in 93.5 s",
    ]
    assert not any(map(quick, clean))
    assert not quick_all(clean)
    assert quick_all([*clean, "98765 43210"])
    for text in ("98765 43210", "mia@example.com", "२३४१२३४१२३४६", "bWlhQGV4YW1wbGUuY29t", "\ud800", "born 2016-04-09"):
        assert quick(text)
