"""Passport, voter's card, driving licence."""

import pytest
from stdnum.in_ import epic as epic_oracle

from pipeline.detect.india import driving_licence, epic, passport
from tests.detect.tables import DetectorTests, Table


class TestPassport(DetectorTests):
    table = Table(
        passport.DETECTOR,
        named=(
            ("my passport is {}", "A1234567"),
            ("passport no. {}", "A12 34567"),
            ("मेरा पासपोर्ट {}", "A1234567"),
            ("பாஸ்போர்ட் {}", "A1234567"),
            ("నా పాస్‌పోర్ట్ {}", "A1234567"),
            ("পাসপোর্ট {}", "A1234567"),
        ),
        ordinary=("A1234567", "passport A0234567", "passport A1234560", "passport quest A12"),
        keys=("passport", "passport_number", "passportNo"),
    )


class TestEpic(DetectorTests):
    table = Table(
        epic.DETECTOR,
        alone=("WKH1186253", "ABC1234566", "WKH-1186253", "KA/12/345/678901"),
        named=(
            ("my voter id is {}", "WKH1186263"),
            ("epic {}", "ORD1234566"),
            ("मतदाता पहचान {}", "WKH1186263"),
            ("வாக்காளர் {}", "WKH1186263"),
            ("ఓటరు {}", "WKH1186263"),
            ("ভোটার {}", "WKH 1186263"),
        ),
        ordinary=("WKH1186263", "order ORD1234566", "you won 1234566", "top-1000000"),
        keys=("voter_id", "epicNo"),
    )

    @pytest.mark.parametrize("number", ["WKH1186253", "ABC1234566", "WKH1186263"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert epic.DETECTOR.validate(number) == epic_oracle.is_valid(number)


class TestDrivingLicence(DetectorTests):
    table = Table(
        driving_licence.DETECTOR,
        alone=("MH12 20110012345", "HR-0619850034761", "MH1220110012345", "MH-12-2011-0012345", "DL/04/2019/0012345"),
        named=(
            ("my driving licence is {}", "ZZ12 20110012345"),
            ("लाइसेंस {}", "ZZ1220110012345"),
            ("ஓட்டுநர் உரிமம் {}", "ZZ1220110012345"),
            ("లైసెన్స్ {}", "ZZ1220110012345"),
            ("লাইসেন্স {}", "ZZ1220110012345"),
        ),
        ordinary=("MH12 18110012345", "ZZ12 20110012345"),
        keys=("driving_licence", "dl_number"),
    )
