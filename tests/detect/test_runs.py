"""Digits that are nobody's number."""

import pytest

from pipeline.detect.engine import scan
from pipeline.detect.runs import between, digit_runs, is_no_order, is_nobodys

ROWS = (
    "2147483647",
    "-4294967296",
    "9007199254740991",
    "91 92 93 94 95 96",
    "800 900 1000",
    "1000-900-800",
    "256 512 1024",
    "2000 3000 4000 5000",
    "2500 3100 2850",
    "2016 2018 2021",
    "1 2000 3000 4000",
)
SOMEBODYS = (
    "9876543210",
    "98500 98500",
    "2341 2341 2346",
    "4111 1111 1111 1111",
    "+91 800 900 1000",
    "(800) 900-1000",
    "203-303-0403",
    "2000 3010 4000",
    "3000 4000",
    "134217726",
    "2341 4682 9365",
)


@pytest.mark.parametrize("text", ROWS)
def test_a_limit_of_computers_and_a_row_as_people_count_are_nobodys(text: str) -> None:
    assert is_nobodys(text)
    assert scan(f"it says {text} here").findings == ()


@pytest.mark.parametrize("text", SOMEBODYS)
def test_other_digits_may_be_somebodys(text: str) -> None:
    assert not is_nobodys(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("phone 800 900 1000", "phone_in"), ("aadhaar 2000 3000 4000", "aadhaar"), ("ssn 536870912", "ssn")],
)
def test_a_word_that_names_them_makes_them_somebodys(text: str, name: str) -> None:
    assert [finding.detector.name for finding in scan(text).findings] == [name]


@pytest.mark.parametrize(
    "order", ["706-9887049-6101583", "573-5450417-7115440", "813 1659081 9765735", "998-3672644-7426360"]
)
@pytest.mark.parametrize("sentence", ["{}", "ऑर्डर {} नहीं आया", "my phone shows order {} on no card"])
def test_an_order_number_is_neither_a_telephone_nor_a_card(order: str, sentence: str) -> None:
    assert not is_no_order(order)
    assert scan(sentence.format(order)).findings == ()


@pytest.mark.parametrize("text", ["706-988-7049", "706-9887049", "706-9887049-610158", "706.9887049-6101583"])
def test_other_groups_are_no_order_number(text: str) -> None:
    assert is_no_order(text)


def test_each_run_has_the_end_of_its_own_place() -> None:
    assert [end for _, end in digit_runs("12345 a 12345 b 1 c 12345", 3)] == [5, 13, 25]


def test_a_bit_for_each_length_between_two() -> None:
    assert between(3, 5) == 0b111000
    assert between(10, 10) == 1 << 10
