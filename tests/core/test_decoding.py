"""What decoding leaves of the unusual: numbers that are none, half signs, and records at the very edge of a bound."""

import json
from typing import Any

import pytest

from pipeline.core.decode import (
    LARGE,
    MAX_BYTES,
    MOST_BRACKETS,
    NOT_A_NUMBER,
    decode,
    decode_leniently,
    may_repeat_keys,
)
from pipeline.core.outcome import Rejected, RejectReason


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1" * 5_000])
def test_what_json_calls_no_number_is_none(text: str) -> None:
    value = decode(f'{{"share":{text}}}'.encode())
    assert value == {"share": NOT_A_NUMBER}


def test_an_element_with_half_a_sign_leaves_its_neighbours_alone() -> None:
    assert decode_leniently(b'["\\ud800",{"a":"\\udc00"},7]') == [
        Rejected(RejectReason.NOT_UTF8),
        Rejected(RejectReason.NOT_UTF8),
        7,
    ]
    assert decode_leniently(b'{"a":"\\ud800"}') == Rejected(RejectReason.NOT_UTF8)


@pytest.mark.parametrize("text", [b"", b" ", b"\n\t ", b"\xef\xbb\xbf"])
def test_nothing_but_space_is_empty(text: bytes) -> None:
    assert decode(text) == Rejected(RejectReason.EMPTY)


def padded(value: str, size: int) -> bytes:
    return value.encode() + b" " * (size - len(value))


@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_a_large_record_may_have_so_many_brackets(bracket: str) -> None:
    def record(count: int, size: int) -> Any:
        return decode(padded("[" + ",".join([bracket] * (count - 1)) + "]", size))

    assert record(MOST_BRACKETS, LARGE + 1) == json.loads("[" + ",".join([bracket] * (MOST_BRACKETS - 1)) + "]")
    assert record(MOST_BRACKETS + 1, LARGE + 1) == Rejected(RejectReason.TOO_COMPLEX)


def test_a_record_may_be_so_large() -> None:
    assert decode(padded("7", MAX_BYTES)) == 7
    assert decode(padded("7", MAX_BYTES + 1)) == Rejected(RejectReason.TOO_LARGE)


@pytest.mark.parametrize("blank", [b" ", b"\n", b"\t", b"\r"])
def test_space_before_a_colon_may_hide_a_key(blank: bytes) -> None:
    assert may_repeat_keys(b'{"a":"x:y","a"' + blank + b":1}", 1)
    assert not may_repeat_keys(b'{"a":1,' + blank + b'"b":2}', 2)
