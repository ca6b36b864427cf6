"""Telephone numbers, against phonenumbers as the oracle."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from pipeline.detect.common import phone, phone_in, phone_us
from pipeline.detect.engine import scan
from pipeline.detect.scrub import scrub
from tests.detect.tables import DetectorTests, Table, is_hidden

FORMS = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.RFC3966)


class TestPhoneIn(DetectorTests):
    table = Table(
        phone_in.DETECTOR,
        alone=(
            "9876543210",
            "98765 43210",
            "98765-43210",
            "98765.43210",
            "9876 5432 10",
            "987 654 3210",
            "9876-543-210",
            "+91 98765 43210",
            "+919876543210",
            "0091 98765 43210",
            "09876543210",
            "919876543210",
            "91-98765-43210",
            "98765 - 43210",
            "022-2345 6789",
            "080-41234567",
            "+91 22 2345 6789",
        ),
        named=(
            ("call {} at 5", "98 76 54 32 10"),
            ("mobile {}", "9 8 7 6 5 4 3 2 1 0"),
            ("मेरा नंबर {} है", "98 765 43 210"),
            ("ఫోన్ {}", "9876543210"),
            ("score is on phone {}", "9876543210"),
        ),
        ordinary=(
            "score 9876543210",
            "9876543210 points",
            "₹9876543210",
            "99 95 12 50 10",
            "10 9 8 7 6 5 4 3 2 1",
            "1795600000",
            "25-11-2026 18:30",
            "high scores 900 850 1200",
            "12,34,56,78,90",
            "9876543",
            "स्कोर 9876543210",
        ),
    )


class TestPhoneUs(DetectorTests):
    table = Table(
        phone_us.DETECTOR,
        alone=(
            "(202) 555-0123",
            "(202)555-0123",
            "202-555-0123",
            "202.555.0123",
            "202 555 0123",
            "2025550123",
            "+1 202 555 0199",
            "1-202-555-0123",
            "12025550123",
            "+1 (202) 555-0123",
            "202-555-0123 ext 12",
            "2025 5501 23",
        ),
        named=(("call me: {}", "102-555-0123"), ("phone {}", "20 25 55 01 23")),
        ordinary=("score 2025550123", "order #2025550123", "102-555-0123", "202-911-0123", "$2025550123", "1234567890"),
    )


class TestPhone(DetectorTests):
    table = Table(
        phone.DETECTOR,
        alone=("+44 20 7946 0958", "+971501234567", "+61 (2) 9876 5432", "+49-30-123456"),
        ordinary=("+5 points", "+1,234,567 xp", "2+2=4", "+100 200"),
        keys=("phone", "parentPhone", "mobile_number", "whatsapp-number", "$phone", "contact.phone"),
    )


@pytest.mark.parametrize(
    "text", ["45210 98765 43210", "12 98765 43210", "3 (202) 555-0123", "2026 202-555-0123", "7 +91 98765 43210"]
)
def test_another_number_before_it_hides_nothing(text: str) -> None:
    left = scrub(text)
    assert left is None or not any(part in left for part in ("98765", "43210", "555"))


def spoken(number: phonenumbers.PhoneNumber, form: int) -> str:
    return phonenumbers.format_number(number, form)


@pytest.mark.parametrize("form", FORMS)
@given(st.integers(6_000_000_000, 9_999_999_999))
def test_every_mobile_of_india_in_every_form(form: int, national: int) -> None:
    number = phonenumbers.PhoneNumber(country_code=91, national_number=national)
    if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) == PhoneNumberType.MOBILE:
        assert scan(f"this {spoken(number, form)} please").findings


@pytest.mark.parametrize("form", FORMS)
@given(st.integers(2_000_000_000, 9_999_999_999))
def test_every_number_of_north_america_in_every_form(form: int, national: int) -> None:
    number = phonenumbers.PhoneNumber(country_code=1, national_number=national)
    if phonenumbers.is_valid_number(number) and str(national)[3] > "1" and str(national)[4:6] != "11":
        written = spoken(number, form)
        assert scan(f"this {written} please").findings
        assert is_hidden(written, f"this {written} please")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_example_of_every_country_in_international_form(region: str) -> None:
    number = phonenumbers.example_number(region)
    if number is not None and len(str(number.national_number)) + len(str(number.country_code)) >= 8:
        assert scan(spoken(number, PhoneNumberFormat.INTERNATIONAL)).findings
