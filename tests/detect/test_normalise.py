"""The readings of a text, and the bounds within which they are made."""

import base64
import html
import json
import unicodedata
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.normalise import MAX_GROWTH, MAX_TEXT, MAX_VIEWS, SPARE, fold, is_plain, unescape, views

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))


def readings(text: str) -> set[str]:
    seen = views(text)
    return {seen.plain, *(view.text for view in seen.others)}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("２３４１", "2341"),
        ("२३४१२३४१२३४६", "234123412346"),
        ("௨௩௪௧ ২৩৪১ ౨౩౪౧ ٢٣٤١ ۲۳۴۱", "2341 2341 2341 2341 2341"),
        ("𝟐𝟑𝟒𝟏", "2341"),
        ("23\u200b41\u200d23\u2060\ufeff\u00ad\u202e", "234123"),
        ("2\ufe0f\u20e33\ufe0f\u20e3", "23"),
        ("2\u03363\u0336", "23"),
        ("a\u00a0b\u2003c\u3000d\te\nf", "a b c d e f"),
        ("1\u20132\u20143\u22124\u20105", "1-2-3-4-5"),
        ("98765 - 43210", "98765-43210"),
        ("98765   43210", "98765 43210"),
        ("ｍｉａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "mia@example.com"),
        ("mia@example。com", "mia@example.com"),
        ("a\x00b\x07c\ud800", "abc\ufffd"),
        ("level - hard", "level - hard"),
        ("98765🙂43210", "98765-43210"),
        ("98 👉 76 🔥🔥 54", "98-76-54"),
        ("5⭐ of 10 ⭐", "5⭐ of 10 ⭐"),
    ],
)
def test_folds_what_looks_alike(written: str, read: str) -> None:
    assert fold(written) == read


def test_every_decimal_digit_becomes_ascii() -> None:
    digits = [sign for sign in map(chr, range(0x110000)) if unicodedata.decimal(sign, None) is not None]
    assert len(digits) > 600
    assert all(fold(sign) == str(unicodedata.decimal(sign)) for sign in digits)


def test_nothing_invisible_is_left() -> None:
    signs = [sign for sign in map(chr, range(0x110000)) if unicodedata.category(sign) == "Cf"]
    assert fold("".join(signs)) == ""


def test_every_space_and_dash_is_one_kind() -> None:
    for point in range(0x110000):
        category = unicodedata.category(chr(point))
        if category in {"Zs", "Pd"}:
            assert fold(f"a{chr(point)}b") == ("a b" if category == "Zs" else "a-b")


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=0x7E), max_size=60))
def test_a_plain_text_has_itself_as_only_reading(text: str) -> None:
    if is_plain(text):
        assert fold(text) == text
        assert unescape(text) == text
        assert views(text) == (text, (), True)


@pytest.mark.parametrize(
    "text",
    [
        "level_completed",
        "score 48210 in 93.5 seconds",
        "jungle",
        "",
        "5.3.0",
        "2341 2341 2346",
        "mia@example.com",
        "[email] x",
    ],
)
def test_ordinary_ascii_needs_no_work(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    ["a%40b", "a&#64;b", "a\\u0040b", "bWlhQGV4YW1wbGUuY29t", '{"a":1}', "[1, 2]", "a  b", "1 - 2", "a\tb", "é"],
)
def test_what_may_hide_something_is_not_plain(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize("secret", ["mia@example.com", "+91 98765 43210", "आधार २३४१ २३४१ २३४६"])
def test_undoes_one_and_two_and_three_encodings(secret: str) -> None:
    quoted = urllib.parse.quote(secret, safe="")
    for text in (
        quoted,
        urllib.parse.quote(quoted, safe=""),
        html.escape(quoted),
        secret.replace("@", "&#64;").replace(" ", "&nbsp;"),
        secret.replace("@", "&#x40;").replace("2", "&#50;"),
        "".join(f"&#{ord(sign)};" for sign in secret),
        json.dumps(secret)[1:-1],
        b64(secret),
        b64(secret).rstrip("="),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        b64(quoted),
        b64(b64(secret)),
        urllib.parse.quote(b64(secret)),
        f"id_{b64(secret)}",
        f"see {b64('note: ' + secret)} please",
    ):
        assert any(fold(secret) in reading for reading in readings(text)), text


def test_a_form_has_plus_signs_for_spaces() -> None:
    assert any("98765 43210" in reading for reading in readings("q=call%20me+98765+43210"))


def test_an_encoded_part_lies_on_its_token() -> None:
    token = b64("mia@example.com")
    seen = views(f"see {token} ok")
    assert [(view.how, seen.plain[view.start : view.end]) for view in seen.others] == [("base64", token)]


def test_base64_of_a_picture_is_media() -> None:
    token = base64.b64encode(PNG).decode()
    assert [view.how for view in views(f"x {token}").others] == ["media"]


def test_marks_are_thinned_and_no_language_loses_one() -> None:
    assert fold("a" + "\u0301\u0323" * 4000).count("\u0301") < 40
    hindi = "क्ष्म्य ड़ " * 60
    assert fold(hindi) == unicodedata.normalize("NFKC", hindi).rstrip(" ") + " "


def test_base64_of_noise_is_nothing() -> None:
    assert views(base64.b64encode(bytes(range(128, 190))).decode()).others == ()


def test_json_inside_a_text_is_opened_once_it_is_whole() -> None:
    seen = views('payload={"child": {"name": "Mia"}, "n": [1, 2]} sent')
    assert [(view.how, view.value) for view in seen.others] == [("json", {"child": {"name": "Mia"}, "n": [1, 2]})]
    assert views('{"child": ').others == ()


@pytest.mark.parametrize(
    "text",
    [
        "a" * (MAX_TEXT + 1),
        "%25" * 3 + "%2525252525252541",
        '{"a":' * 1500 + "1" + "}" * 1500,
        " ".join(b64(f"note number {n}") for n in range(MAX_VIEWS + 1)),
        "\ufdfa" * 400,
    ],
)
def test_over_a_bound_nothing_is_judged(text: str) -> None:
    assert not views(text).complete


def nested(text: str, times: int) -> str:
    for _ in range(times):
        text = b64(text)
    return text


def test_base64_is_opened_three_deep_and_no_deeper() -> None:
    assert "mia@example.com" in readings(nested("mia@example.com", 3))
    assert not views(nested("mia@example.com", 5)).complete


@given(st.text(max_size=300) | st.text(alphabet='%&#;0123456789abcdefABCDEF=+/\\u{}[]":, ', max_size=300))
def test_any_text_stays_within_the_bounds(text: str) -> None:
    seen = views(text)
    assert len(seen.others) <= MAX_VIEWS
    assert sum(len(view.text) for view in seen.others) <= MAX_GROWTH * len(text) + SPARE
    assert all(0 <= view.start <= view.end <= len(seen.plain) for view in seen.others)
