"""PAN and GSTIN."""

import pytest
from stdnum.in_ import gstin as gstin_oracle
from stdnum.in_ import pan as pan_oracle

from pipeline.detect.india import gstin, pan
from tests.detect.tables import DetectorTests, Table, names


class TestPan(DetectorTests):
    table = Table(
        pan.DETECTOR,
        alone=("ABCPE1234F", "AAPFU0939F", "ABCPE-1234-F", "ABCPE.1234.F"),
        named=(
            ("my pan is {}", "abcpe 1234 f"),
            ("पैन {}", "abcpe 1234 f"),
            ("பான் {}", "abcpe 1234 f"),
            ("పాన్ {}", "abcpe 1234 f"),
            ("প্যান {}", "abcpe 1234 f"),
        ),
        ordinary=(
            "ABCXE1234F",
            "ABCPE0000F",
            "I walk steps 5000 a day",
            "final 2000 m of the race",
            "pan the camera, then steps 5000 a day",
        ),
        keys=("pan", "pan_number", "panCard"),
    )

    @pytest.mark.parametrize("number", ["ABCPE1234F", "AAPFU0939F", "ABCXE1234F", "ABCPE0000F", "ABCPE12345"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert (pan.DETECTOR.name in names(number)) == pan_oracle.is_valid(number)


class TestGstin(DetectorTests):
    table = Table(
        gstin.DETECTOR,
        alone=("27AAPFU0939F1ZV", "29ABCPE1234F1Z7", "38ABCPE1234F1Z8", "27-AAPFU0939F-1ZV"),
        named=(
            ("GSTIN {}", "27AAPFU0939F1ZO"),
            ("जीएसटी {}", "29ABCPE1234F0Z7"),
            ("ஜிஎஸ்டி {}", "27AAPFU0939F1ZO"),
            ("జీఎస్టీ {}", "27AAPFU0939F1ZO"),
            ("জিএসটি {}", "27AAPFU0939F1ZO"),
        ),
        ordinary=("27AAPFU0939F1ZO", "29ABCPE1234F0Z7"),
        keys=("gstin", "gst_number"),
    )

    @pytest.mark.parametrize("number", ["27AAPFU0939F1ZV", "29ABCPE1234F1Z7", "27AAPFU0939F1ZO", "29ABCPE1234F0Z7"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert gstin.DETECTOR.validate(number) == gstin_oracle.is_valid(number)

    @pytest.mark.parametrize("number", ["38ABCPE1234F1Z8"])
    def test_knows_states_that_the_oracle_lacks(self, number: str) -> None:
        assert gstin.DETECTOR.validate(number)
        assert not gstin_oracle.is_valid(number)
