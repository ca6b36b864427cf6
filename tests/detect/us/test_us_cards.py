"""Driver's licence, passport, provider and student numbers."""

import pytest

from pipeline.detect.us import driver_license, npi, passport, student_id
from tests.detect.tables import DetectorTests, Table


class TestDriverLicense(DetectorTests):
    table = Table(
        driver_license.DETECTOR,
        named=(
            ("my driver's license is {}", "D1234567"),
            ("dl {}", "S123-4567-8901"),
            ("license no. {}", "12345678"),
            ("लाइसेंस {}", "D1234567"),
            ("லைசென்ஸ் {}", "D1234567"),
            ("లైసెన్స్ {}", "D1234567"),
            ("লাইসেন্স {}", "D1234567"),
        ),
        ordinary=("D1234567", "license quest gives 1234567 xp", "candle 1234567", "licensed level 12345"),
        keys=("driver_license", "driversLicense", "license_number"),
    )


class TestPassport(DetectorTests):
    table = Table(
        passport.DETECTOR,
        named=(("my US passport is {}", "A12345678"), ("passport {}", "123456789"), ("पासपोर्ट {}", "A12345678")),
        ordinary=("A12345678", "passport AB12345678"),
        keys=("us_passport",),
    )


class TestNpi(DetectorTests):
    table = Table(
        npi.DETECTOR,
        alone=("1234567893", "2123456785"),
        named=(("npi {}", "1234567890"), ("our doctor, NPI {}", "1795600002"), ("npi {}", "1234 5678 93")),
        ordinary=("1234567890", *(str(second) for second in range(1_795_600_000, 1_795_600_020))),
        keys=("npi",),
    )

    @pytest.mark.parametrize("first", "03456789")
    def test_begins_with_one_or_two(self, first: str) -> None:
        assert not any(npi.DETECTOR.validate(f"{first}23456789{check}") for check in range(10))


class TestStudentId(DetectorTests):
    table = Table(
        student_id.DETECTOR,
        named=(
            ("my student id is {}", "S1234567"),
            ("lunch number {}", "204481"),
            ("roll number {}", "20231145"),
            ("छात्र आईडी {}", "20231145"),
            ("மாணவர் எண் {}", "20231145"),
            ("విద్యార్థి ఐడి {}", "20231145"),
            ("ছাত্র আইডি {}", "20231145"),
        ),
        ordinary=("S1234567", "20231145"),
        keys=("student_id", "lunch_id", "sis_id", "clever_id", "school"),
    )
