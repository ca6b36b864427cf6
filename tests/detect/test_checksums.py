"""Check digits, against python-stdnum."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as luhn_oracle
from stdnum import verhoeff as verhoeff_oracle
from stdnum.us import rtn

from pipeline.detect import checksums

NUMBERS = st.text("0123456789", min_size=1, max_size=24)
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHECKS = (checksums.luhn, checksums.luhn36, checksums.verhoeff, checksums.aba, checksums.npi)


@given(NUMBERS)
def test_luhn_agrees_with_the_oracle(number: str) -> None:
    assert checksums.luhn(number) == luhn_oracle.is_valid(number)


@given(st.text(BASE36, min_size=1, max_size=24))
def test_luhn36_agrees_with_the_oracle(number: str) -> None:
    assert checksums.luhn36(number) == luhn_oracle.is_valid(number, BASE36)


@given(NUMBERS)
def test_verhoeff_agrees_with_the_oracle(number: str) -> None:
    assert checksums.verhoeff(number) == verhoeff_oracle.is_valid(number)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_aba_agrees_with_the_oracle(number: str) -> None:
    assert checksums.aba(number) == (rtn.calc_check_digit(number[:-1]) == number[-1])


@given(st.text("0123456789", min_size=9, max_size=9))
def test_exactly_one_digit_completes_an_npi(body: str) -> None:
    assert sum(checksums.npi(f"{body}{digit}") for digit in range(10)) == 1


def test_npi_vectors() -> None:
    assert checksums.npi("1234567893")
    assert not checksums.npi("1234567890")


@given(st.text(max_size=24))
def test_any_text_has_an_answer(text: str) -> None:
    for check in CHECKS:
        assert check(text) in {True, False}


def test_digits_of_other_scripts_and_nothing_are_not_valid() -> None:
    for check in CHECKS:
        assert not check("")
        assert not check("२३४१२३४१२३४६")
        assert not check("²³")
