"""Where a finding of another reading lies, and what names, numbers and bounds say of JSON values."""

import base64
from typing import Any

import pytest

from pipeline.detect.engine import MAX_BITS, MAX_NESTING, MAX_NODES, scan, scan_value
from pipeline.detect.normalise import MAX_TEXT
from tests.core.names import shown

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


def found(text: str, key: str = "") -> list[tuple[str, int, int]]:
    return [(each.detector.name, each.start, each.end) for each in scan(text, key).findings]


def in_value(key: str, value: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(each.detector.name, each.path) for each in scan_value(key, value)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"see {PNG} ok", [("media", 4, 4 + len(PNG))]),
        ("ok m i a @ g m a i l . c o m", [("email", 3, 28)]),
        ("see mia@example.com &amp; more", [("email", 4, 19)]),  # the reading with its escape holds it too
        ("see mia%2bx@example.com now", [("email", 4, 21)]),
        ("see mia%252bx@example.com now", [("email", 4, 21)]),
        ("q=call%20me+98765+43210", [("phone_in", 0, 21)]),  # only where the plus signs are spaces
        ("mia@example.com q=call%20me+98765+43210", [("phone_in", 0, 37)]),
    ],
    ids=shown,
)
def test_a_finding_lies_on_the_part_that_holds_it(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("email", {"x": 1}, [("email", ("email",))]), ("phone", ["a"], [("phone", ("phone",))]),
        ("phone", True, []), ("zip_note", "94105", [("zip_code", ("zip_note",))]), ("note", "94105", []),
        ("zip_note", 94105, [("zip_code", ("zip_note",))]), ("zip_note", 2139, [("zip_code", ("zip_note",))]),
        ("zip_note", 94105.0, [("zip_code", ("zip_note",))]), ("note", 2139, []), ("zip_note", 21390007, []),
        ("a", [18.5204303, 73.8567437, "x"], []), ("a", [18.5204303, 73.8567437, 560.1], [("coordinates", ("a",))]),
        ("a", [18.5204303], []), ("a", [18.5204303, 73.8567437, 1.5, 2.5], []),
        ("x", 1e18, []), ("x", 9876543210.5, [("phone_in", ("x",))]),
        ("x", 1 << (MAX_BITS - 1), [("biometric", ("x",))]), ("x", 1 << MAX_BITS, [("opaque", ("x",))]),
        ("a", {"zip_note": ["94105"]}, [("zip_code", ("a", "zip_note", 0))]),
    ],
)  # fmt: skip
def test_what_a_part_of_a_value_is(key: str, value: Any, expected: list[tuple[str, tuple[str | int, ...]]]) -> None:
    assert in_value(key, value) == expected


def test_what_is_too_deep_is_opaque_at_its_place_and_what_is_not_is_read() -> None:
    def nested(depth: int) -> Any:
        value: Any = "mia@example.com"
        for _ in range(depth):
            value = {"a": value}
        return value

    deepest = MAX_NESTING - 1
    assert in_value("a", nested(deepest)) == [("email", ("a",) * (deepest + 1))]
    assert in_value("a", nested(deepest + 1)) == [("opaque", ("a",) * (deepest + 2))]


def test_as_many_parts_are_read_as_may_be_and_not_one_more() -> None:
    last = "mia@example.com"
    most = MAX_NODES - 1  # the whole is a part itself
    assert [name for name, _ in in_value("", ["x"] * (most - 1) + [last])] == ["email"]
    assert [name for name, _ in in_value("", ["x"] * most + [last])][-1] == "opaque"


def test_as_many_signs_are_read_as_may_be_and_not_one_more() -> None:
    text = "game on " * (MAX_TEXT // 32)
    assert in_value("", [text] * 4) == []
    assert in_value("", [text] * 4 + ["y"])[-1][0] == "opaque"
    assert in_value("", [text] * 4 + [5]) == []


def test_names_and_numbers_share_what_may_be_judged() -> None:
    names = {f"{'1 ' * 60}{number}": 1 for number in range(60)}
    assert in_value("a", names)[-1][0] == "opaque"
    assert in_value("a", dict(list(names.items())[:1])) == []
