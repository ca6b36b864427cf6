"""Every reading of a text to the sign: what it says, on which part of the text it lies, and how it came about."""

import base64
from typing import Any

import pytest

from pipeline.detect.normalise import (
    MAX_TEXT,
    MAX_VIEWS,
    MEDIA_LEAST,
    View,
    decode_base64,
    fold,
    is_plain,
    unescape,
    views,
    views_of_disguised,
)
from tests.core.names import shown


def b64(raw: bytes | str) -> str:
    return base64.b64encode(raw if isinstance(raw, bytes) else raw.encode()).decode()


def raw(plain: str, *readings: str) -> list[View]:
    return [View(0, len(plain), "raw", reading) for reading in readings]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("98765 -43210", "98765-43210"), ("98765- 43210", "98765-43210"), ("98765 -- 43210", "98765-43210"),
        ("a -b 9- c", "a -b 9- c"), ("1  2", "1 2"), ("1   2", "1 2"),
        ("98765\x0043210", "9876543210"), ("98765\x1f43210", "98765 43210"), ("a\x7fb\x85c", "ab c"),
        ("a\u2028b\u2029c", "a b c"),
        ("\ufe00a\ufe0fb\U000e0100c\U000e01efd", "abcd"), ("a\ufe10b", "a,b"), ("a\U000e01f0b", "a\U000e01f0b"),
        ("a\u034fb\u3164c", "abc"), ("98765\u280043210", "98765 43210"), ("1\u22122\u20443", "1-2/3"),
        ("1 \u2192 2", "1-2"), ("1\u2192\u2192\u2192\u21922", "1-2"),
        ("1\u2192\u2192\u2192\u2192\u21922", "1\u2192\u2192\u2192\u2192\u21922"),
        ("2\u0301\u0302 3", "2 3"), ("a\u0301 1", "\xe1 1"),
    ],
    ids=shown,
)  # fmt: skip
def test_folds(written: str, read: str) -> None:
    assert fold(written) == read


@pytest.mark.parametrize(("marks", "left"), [(29, 29), (30, 30), (31, 30), (90, 30)])
def test_marks_beyond_thirty_go_and_nothing_else_does(marks: int, left: int) -> None:
    before, mark = "x" * 300, "\u0301"
    assert fold(f"{before}q{mark * marks}y q{mark * marks}z") == f"{before}q{mark * left}y q{mark * left}z"


@pytest.mark.parametrize(
    ("text", "plain", "others"),
    [
        ("a%40b", "a@b", ["a%40b"]), ("a%2540b", "a@b", ["a%2540b", "a%40b"]), ("%C3%A9", "\xe9", ["%C3%A9"]),
        ("q=call%20me+1+2", "q=call me+1+2", ["q=call%20me+1+2", "q=call me 1 2"]),
        ("a+b%20c", "a+b c", ["a+b%20c", "a b c"]), ("a+b", "a+b", []), ("a+b &amp; c", "a+b & c", ["a+b &amp; c"]),
        (r"\u0041\u0042", "AB", [r"\u0041\u0042"]), (r"\x41b", "Ab", [r"\x41b"]), (r"\xe9b", "\xe9b", [r"\xe9b"]),
        (r"a\/b\"c\\d", 'a/b"c\\d', [r"a\/b\"c\\d"]), (r"a\nb\tc\rd\be\ff", "a b c d e f", [r"a\nb\tc\rd\be\ff"]),
        (r"\ud83d\ude42 ok", "\U0001f642 ok", [r"\ud83d\ude42 ok"]), (r"\ud83d ok", "\ufffd ok", [r"\ud83d ok"]),
        ("&#64;&#x40;&amp;", "@@&", ["&#64;&#x40;&amp;"]), ("a&b", "a&b", []), ("50% & x", "50% & x", []),
        (r"a\q", r"a\q", []),
    ],
    ids=shown,
)  # fmt: skip
def test_escapes_are_resolved_and_every_step_is_kept(text: str, plain: str, others: list[str]) -> None:
    assert views(text) == (plain, tuple(raw(plain, *others)), True)


MAIL, OTHER = b64("mia@example.com"), b64("tom@example.com")
PNG = b"\x89PNG\r\n\x1a\n"
DOB = {"dob": "x"}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        (MAIL, [View(0, 20, "base64", "mia@example.com")]),
        (f"x {MAIL} {OTHER}", [View(2, 22, "base64", "mia@example.com"), View(23, 43, "base64", "tom@example.com")]),
        (f"my YouTube PLEASE please {MAIL}", [View(25, 45, "base64", "mia@example.com")]),
        (f"see {b64(MAIL)}", [View(4, 32, "base64", MAIL), View(4, 32, "base64", "mia@example.com")]),
        (f"abcd_{MAIL}", [View(0, 25, "base64", "mia@example.com")]),
        ('[["x"],["y"]]', [View(0, 13, "json", value=[["x"], ["y"]])]),
        (f"id_{MAIL}", [View(0, 23, "base64", "mia@example.com")]),
        (f"/a/{b64('mia 9876543210')}/b", [View(0, 23, "base64", "mia 9876543210")]),
        (b64("98765"), [View(0, 8, "base64", "98765")]),
        (b64("a%40b.com"), [View(0, 12, "base64", "a%40b.com"), View(0, 12, "base64", "a@b.com")]),
        (b64('{"dob":"x"}'), [View(0, 16, "base64", '{"dob":"x"}'), View(0, 16, "json", value=DOB)]),
        (b64(MAIL), [View(0, 28, "base64", MAIL), View(0, 28, "base64", "mia@example.com")]),
        (b64("\xe9t\xe9 Mia Ok"), [View(0, 16, "base64", "\xe9t\xe9 Mia Ok")]),
        (b64(b"ab\x01cdefgh"), [View(0, 12, "base64", "abcdefgh")]),
        (b64(b"\xff\xfe\xfd Mia Ok"), []), (b64(b"\x80 Mia Okay"), []), (b64(b"Mia \xff Okay"), []),
        (b64(PNG + bytes(12)), [View(0, 28, "media")]), (b64(PNG + bytes(40)), [View(0, 64, "media")]),
        (f"see {b64(PNG + bytes(10))} ok", [View(4, 28, "media")]),
        (b64(PNG + bytes(9))[: MEDIA_LEAST - 2], []),
        ('{"dob":"x"} {"b":2}', [View(0, 11, "json", value=DOB)]), (' ["x",2]', [View(1, 8, "json", value=["x", 2])]),
        ('so {"dob":"x"} is', [View(3, 14, "json", value=DOB)]), ("{ }", [View(0, 3, "json", value={})]),
        ('[email] {"dob":"x"}', [View(8, 19, "json", value=DOB)]),
        ("x [1,2]", []), ("{x}", []), ('{"a"', []), ("helloWorld1", []), ("HelloWorld", []),
    ],
    ids=shown,
)  # fmt: skip
def test_what_is_encoded_is_opened_where_it_stands(text: str, others: list[View]) -> None:
    assert views(text) == (text, tuple(others), True)


@pytest.mark.parametrize(
    ("token", "what"),
    [
        ("YWJj", b"abc"), ("YWI=", b"ab"), ("YWI", b"ab"), ("YQ==", b"a"), ("-_-_", b"\xfb\xff\xbf"),
        ("+/+/", b"\xfb\xff\xbf"), ("-A==", b"\xf8"), ("_w", b"\xff"), ("YWJjZ", None), ("", b""),
    ],
)  # fmt: skip
def test_decodes_either_alphabet_with_or_without_its_end(token: str, what: Any) -> None:
    assert decode_base64(token) == what


@pytest.mark.parametrize(
    "text", ["a%b", "a&b", "a\\d", "a{b", "a  b", "a -b", "a- b", "a\tb", "aB", "9Z", "+A", '["a', "[1", "[ -1", " [1"]
)
def test_one_sign_is_enough_to_look_again(text: str) -> None:
    assert not is_plain(text)
    assert views(text).plain == fold(text)


@pytest.mark.parametrize("text", ["A B", "AB9", "a-b", "a b", "[a]", "[email] 1", "x [1", "Level 5"])
def test_these_have_one_reading(text: str) -> None:
    assert is_plain(text)


def test_unescapes_one_level() -> None:
    assert unescape("%2540 &amp;amp; %zz &nosuch") == "%40 &amp; %zz &nosuch"


def test_what_is_over_a_bound_has_no_reading_and_what_is_at_it_has() -> None:
    nothing = ("", (), False)
    assert views("a" * (MAX_TEXT + 1)) == nothing
    assert views("\xe9" + "a" * (MAX_TEXT - 1)) == ("\xe9" + "a" * (MAX_TEXT - 1), (), True)
    assert views("%25252540") == nothing
    assert views("%252540").plain == "@"
    tokens = [b64(f"Note {number} Ok") for number in range(10, 10 + MAX_VIEWS)]
    assert len(views(" ".join(tokens[:-1])).others) == MAX_VIEWS - 1
    assert views(" ".join(tokens)) == nothing


def test_what_is_spelled_is_sought_where_it_may_be() -> None:
    text, whole = "ok m i a @ g m a i l . c o m", "mia@gmail.com"
    assert views(text).others == (View(3, len(text), "spelled", whole),)
    assert views_of_disguised(text, spelled=False).others == ()
    hidden = "ok m%20i%20a%20@%20g%20m%20a%20i%20l%20.%20c%20o%20m"
    seen = views_of_disguised(hidden, spelled=False)
    assert seen.others == (*raw(text, hidden), View(3, len(text), "spelled", whole))
