"""Aadhaar, its virtual and masked forms, and the student number of the same shape."""

import pytest
from stdnum.in_ import aadhaar as oracle
from stdnum.in_ import vid as vid_oracle

from pipeline.detect.india import aadhaar, aadhaar_vid, apaar, masked_aadhaar
from tests.detect.tables import DetectorTests, Table, is_hidden, names


class TestAadhaar(DetectorTests):
    table = Table(
        aadhaar.DETECTOR,
        alone=(
            "234123412346",
            "999941057058",
            "2341 2341 2346",
            "2341-2341-2346",
            "2341.2341.2346",
            "2341 - 2341 - 2346",
            "234 123 412 346",
            "2341 2341 2347",  # the check fails, the grouping says it
        ),
        named=(
            ("my aadhaar is {}", "234123412347"),
            ("Aadhar no: {}", "123412341234"),
            ("मेरा आधार नंबर {} है", "222222222222"),
            ("mera adhar {} hai", "23 41 23 41 23 46"),
            ("என் ஆதார் எண் {}", "234123412347"),
            ("నా ఆధార్ నంబర్ {}", "234123412347"),
            ("আমার আধার নম্বর {}", "2 3 4 1 2 3 4 1 2 3 4 6"),
        ),
        ordinary=("10 20 30 40 50 60", "scores 2341, 2341, 2346", "from 25.11.2026 18.30", "ref 85222630-3201"),
        keys=("aadhaar", "parent_aadhaar", "aadhaarNumber", "AADHAR_NO"),
    )

    @pytest.mark.parametrize("number", ["234123412346", "999941057058", "234123412347", "123412341234", "222222222222"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert aadhaar.DETECTOR.validate(number) == oracle.is_valid(number)


class TestVid(DetectorTests):
    table = Table(
        aadhaar_vid.DETECTOR,
        alone=("2341234123412341", "2341 2341 2341 2341", "2341-2341-2341-2341"),
        named=(("my VID is {}", "2341234123412342"), ("आधार {}", "1341234123412341")),
        ordinary=("2024 2025 2026 2027",),
        keys=("aadhaar_vid", "virtualId"),
    )

    @pytest.mark.parametrize("number", ["2341234123412341", "2341234123412342", "1341234123412341"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert aadhaar_vid.DETECTOR.validate(number) == vid_oracle.is_valid(number)


class TestMasked(DetectorTests):
    table = Table(
        masked_aadhaar.DETECTOR,
        alone=("XXXX-XXXX-2346", "xxxxxxxx2346", "**** **** 2346", "XXXX XXXX 2346"),
        ordinary=("xoxo 2346", "**** 2346 stars", "wait........ 2346"),
        keys=("masked_aadhaar",),
    )

    def test_bullets_hide_as_well(self) -> None:
        assert is_hidden("2346", "•••• •••• 2346")


class TestApaar(DetectorTests):
    table = Table(
        apaar.DETECTOR,
        named=(
            ("my APAAR id is {}", "123456789012"),
            ("abc id {}", "1234 5678 9012"),
            ("मेरा अपार आईडी {}", "123456789012"),
            ("அபார் {}", "123456789012"),
            ("అపార్ {}", "123456789012"),
            ("আপার {}", "123456789012"),
        ),
        ordinary=("123456789012",),
        keys=("apaar", "apaar_id", "abcId"),
    )

    def test_needs_its_name(self) -> None:
        assert names("123456789012") == set()
