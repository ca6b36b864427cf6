"""What holds for every detector of the catalogue."""

import base64
import json
import re
import urllib.parse
from dataclasses import replace
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.automaton import frame
from pipeline.detect.catalogue import BY_NAME, CATALOGUE
from pipeline.detect.detector import Detector, Strength
from pipeline.detect.engine import quick, scan, scan_value
from pipeline.detect.keys import words_of
from pipeline.detect.matcher import Matcher
from pipeline.detect.normalise import fold
from pipeline.detect.prefilter import Prefilter
from pipeline.detect.runs import digit_runs

SHAPED = [detector for detector in CATALOGUE if detector.pattern]
MATCHERS = [Matcher(detector) for detector in SHAPED]
PREFILTER = Prefilter(SHAPED)
SCRIPTS = ("०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "௦௧௨௩௪௫௬௭௮௯", "౦౧౨౩౪౫౬౭౮౯", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩")
WIDEST = 2000  # signs that one match may take; with it the work for a text is a multiple of its length

every = pytest.mark.parametrize("detector", CATALOGUE, ids=lambda detector: detector.name)
every_shaped = pytest.mark.parametrize("detector", SHAPED, ids=lambda detector: detector.name)
every_hit = pytest.mark.parametrize(
    ("detector", "hit"),
    [
        pytest.param(detector, hit, id=f"{detector.name}-{n}")
        for detector in SHAPED
        for n, hit in enumerate(detector.hits)
    ],
)


def matches(detector: Detector, text: str, hint: str | None) -> bool:
    found: list[Any] = []
    text = fold(text)
    Matcher(detector).find(text, frame(text), hint, found)
    return bool(found)


def context(detector: Detector) -> str:
    return detector.words[0] if detector.words else ""


@every
def test_says_what_it_is_and_shows_it(detector: Detector) -> None:
    assert re.fullmatch("[a-z][a-z0-9_]{1,30}", detector.name)
    assert re.search("16 CFR|DPDP|Play|Apple", detector.law)
    assert detector.pattern or detector.keys
    assert bool(detector.hits and detector.misses) == bool(detector.pattern)
    assert all(key == re.sub("[^a-z0-9]", "", key.lower()) for key in detector.keys), "folded keys"
    assert detector.words == tuple(fold(word).lower() for word in detector.words)
    if detector.strength is Strength.CONTEXT:
        assert detector.words


def test_no_key_and_no_name_belongs_to_two() -> None:
    owners: dict[str, str] = {}
    for detector in CATALOGUE:
        for key in detector.keys:
            assert owners.setdefault(key, detector.name) == detector.name, key
    assert len(BY_NAME) == len(CATALOGUE) + 1


@every_shaped
def test_is_linear(detector: Detector) -> None:
    """No repeat is unbounded, and a match has a greatest width."""
    parser = __import__("re._parser", fromlist=["parse"])
    parsed = parser.parse(detector.pattern, re.IGNORECASE)
    assert parsed.getwidth()[1] <= WIDEST
    assert re2.compile(detector.pattern).groups >= 0


@every_hit
def test_hit_is_found(detector: Detector, hit: str) -> None:
    assert matches(detector, hit, context(detector)), "by itself"
    assert scan(hit, context(detector)).findings
    if detector.strength is not Strength.CONTEXT and matches(detector, hit, None):
        assert quick(hit)
        assert scan(f"look: {hit} !").findings
        assert scan_value("note", {"a": [hit]})
        assert scan_value("note", {hit: 1})


@every_hit
def test_hit_is_found_in_every_disguise(detector: Detector, hit: str) -> None:
    key = context(detector)
    half = len(hit) // 2
    forms = {
        "upper": hit.upper() if detector.name not in {"credential", "push_token"} else hit,
        "zero-width": f"{hit[:half]}\u200b{hit[half:]}",
        "percent": urllib.parse.quote(hit, safe=""),
        "percent twice": urllib.parse.quote(urllib.parse.quote(hit, safe=""), safe=""),
        "html": "".join(f"&#{ord(sign)};" if not sign.isalnum() else sign for sign in hit),
        "json": json.dumps(hit)[1:-1],
    } | {script: hit.translate(str.maketrans("0123456789", script)) for script in SCRIPTS}
    if len(hit.encode()) > 8:
        forms |= {
            "base64": base64.b64encode(hit.encode()).decode(),
            "base64, url": base64.urlsafe_b64encode(hit.encode()).decode().rstrip("="),
        }
    if hit.isdigit() and len(hit) in {12, 15, 16}:
        for sign in " -.":
            forms[f"groups {sign}"] = sign.join(hit[i : i + 4] for i in range(0, len(hit), 4))
    assert [how for how, form in forms.items() if not scan(form, key).findings] == []


@every_shaped
def test_misses_are_left(detector: Detector) -> None:
    assert [miss for miss in detector.misses if matches(detector, miss, None)] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=20), parts, max_size=4),
    max_leaves=12,
)
SIGNS = st.text(alphabet="0123456789abcdefxyzABCDEFPZ @.-:/+_=[]{}()%&#;,'\"\\मन१२\u200b\ud800", max_size=120)


@settings(max_examples=300)
@given(st.text(max_size=30) | SIGNS, JSON | SIGNS)
def test_never_raises_on_any_json(key: str, value: Any) -> None:
    for found in scan_value(key, value):
        assert found.detector.name in BY_NAME


@settings(max_examples=500)
@given(
    SIGNS
    | st.text(max_size=60)
    | st.lists(st.sampled_from([hit for d in SHAPED for hit in d.hits]), max_size=3).map(" ".join)
)
def test_the_prefilter_misses_nothing(text: str) -> None:
    """A matcher that finds something without context was named, and `quick` did not say no."""
    text = fold(text)
    look = PREFILTER.look(text)
    for index, matcher in enumerate(MATCHERS):
        found: list[Any] = []
        matcher.find(text, frame(text), "" if matcher.certain else None, found)
        if found:
            assert look is not None
            assert index in look.shapes or index in look.worded or index in dict(look.numbers), matcher.detector.name
            assert quick(text)


ASCII_HITS = [hit for detector in SHAPED for hit in detector.hits if hit.isascii()]
ASCII_WORDS = [word for detector in SHAPED for word in (*detector.words, *detector.unless) if word.isascii()]
ASCII_PIECES = st.sampled_from([*ASCII_HITS, *ASCII_WORDS, "score", "$", "coins", "x", "7", "41"]) | st.text(
    alphabet="0123456789abcxyzABPZ @.-:/+_=[](),#", max_size=12
)


@settings(max_examples=1500)
@given(st.lists(ASCII_PIECES, max_size=7), st.sampled_from(["", " ", ".", "-", ", "]), st.sampled_from(ASCII_WORDS))
def test_ascii_text_is_judged_the_same_by_both_engines(pieces: list[str], between: str, hint: str) -> None:
    """RE2 for ASCII text and the library's `re` for any other find the same spans, with words and without."""
    text = between.join(pieces)
    for matcher in MATCHERS:
        for words in ("", hint, None) if matcher.certain else ("", hint):
            for counting in (True, False):
                quickly: list[Any] = []
                slowly: list[Any] = []
                left = matcher.find(text, frame(text), words, quickly, counting=counting, most=64)
                assert left == matcher.find(text, None, words, slowly, counting=counting, most=64)
                assert quickly == slowly


PLAINLY = [
    (matcher, Matcher(replace(matcher.detector, bare="", signs=())))
    for matcher in MATCHERS
    if matcher.detector.bare or matcher.detector.signs or matcher.detector.digits
]


@settings(max_examples=1500)
@given(st.lists(ASCII_PIECES, max_size=7), st.sampled_from(["", " ", ".", "-", ", "]))
def test_what_saves_a_search_changes_no_finding(pieces: list[str], between: str) -> None:
    """Neither the signs of a match, nor what counts without a word, nor where the last number ends."""
    text = between.join(pieces)
    look = PREFILTER.look(text)
    ends = dict(look.numbers) if look is not None else {}
    for matcher, plainly in PLAINLY:
        until = ends.get(MATCHERS.index(matcher), len(text))
        for words in ("", None) if matcher.certain else ("",):
            for framed in (frame(text), None):
                found: list[Any] = []
                expected: list[Any] = []
                matcher.find(text, framed, words, found, until=until)
                plainly.find(text, framed, words, expected)
                assert [each[1:] for each in found] == [each[1:] for each in expected], matcher.detector.name


def test_numbers_of_all_groupings_are_counted() -> None:
    runs = digit_runs("98765 43210, (202) 555-0123 x7 " + "1" * 90, 1)
    counted = [({n for n in range(64) if counts >> n & 1}, end) for counts, end in runs]
    assert counted == [({5, 10}, 11), ({3, 4, 6, 7, 10}, 27), ({1, 60}, 121)]


def test_runs_too_short_for_any_number_are_left_out() -> None:
    assert digit_runs("41 and 555 and 5550123", 6) == [(1 << 7, 22)]


# regulation §3.2–3.4, row by row
ROWS = {
    "Aadhaar": "aadhaar",
    "Aadhaar VID": "aadhaar_vid",
    "Masked Aadhaar": "masked_aadhaar",
    "PAN": "pan",
    "GSTIN": "gstin",
    "Passport (IN)": "indian_passport",
    "EPIC": "epic",
    "Driving licence": "driving_licence",
    "UPI": "upi",
    "Mobile": "phone_in",
    "PIN code": "pin_code",
    "ABHA number": "abha_number",
    "ABHA address": "abha_address",
    "APAAR": "apaar",
    "PEN": "udise",
    "Vehicle": "vehicle_registration",
    "BH series": "bh_series",
    "Bank a/c": "indian_bank_account",
    "IFSC": "ifsc",
    "Bank a/c with IFSC": "bank_details",
    "SSN": "ssn",
    "ITIN": "itin",
    "ATIN": "atin",
    "EIN": "ein",
    "NANP": "phone_us",
    "ZIP": "zip_code",
    "ZIP+4": "zip4",
    "Driver licence": "driver_license",
    "Passport (US)": "us_passport",
    "Card": "payment_card",
    "ABA": "aba_routing",
    "Bank account": "us_bank_account",
    "Street": "street_address",
    "PO box": "po_box",
    "NPI": "npi",
    "Student": "student_id",
    "Email": "email",
    "Email, spelled": "email_spelled",
    "Handle": "handle",
    "Advertising id": "advertising_id",
    "UUID": "uuid",
    "IMEI": "imei",
    "IMSI": "imsi",
    "ICCID": "iccid",
    "MAC": "mac",
    "SSID, serial, Android ID": "device_serial",
    "IP": "ip",
    "Push token": "push_token",
    "JWT, cookie": "credential",
    "Click id": "click_id",
    "Coordinates": "coordinates",
    "Geohash, cell": "geohash",
    "Plus code, what3words": "plus_code",
    "Birth date": "birth_date",
    "Biometric": "biometric",
    "Names": "name",
    "Names in text": "person_name",
    "Age": "age",
    "Media": "media",
    "URL": "url",
    "Place": "place",
    "Phone": "phone",
    "Number in words": "number_spelled",
    "Chat id beside its network": "screen_name",
    "URL without a scheme": "web_address",
    "ZIP behind a city": "city_zip",
}


def test_every_row_of_the_law_has_a_detector_and_no_detector_is_without_a_row() -> None:
    assert set(ROWS.values()) == {detector.name for detector in CATALOGUE}


def test_words_of_names() -> None:
    assert words_of("x-Forwarded_For.IPAddress2") == ["x", "forwarded", "for", "ip", "address", "2"]
