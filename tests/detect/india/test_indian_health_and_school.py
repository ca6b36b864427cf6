"""Health accounts, student registers, postal codes."""

from pipeline.detect.india import abha_address, abha_number, pin_code, udise
from tests.detect.tables import DetectorTests, Table


class TestAbhaNumber(DetectorTests):
    table = Table(
        abha_number.DETECTOR,
        alone=("91-1234-5678-9012", "91 1234 5678 9012", "91.1234.5678.9012"),
        named=(
            ("my abha is {}", "91123456789012"),
            ("आयुष्मान {}", "91123456789012"),
            ("ஆபா {}", "91123456789012"),
            ("ఆభా {}", "91123456789012"),
            ("আভা {}", "9112 3456 7890 12"),
        ),
        ordinary=("91123456789012", "20261125143000", "9112345678901"),
        keys=("abha_number", "healthId"),
    )


class TestAbhaAddress(DetectorTests):
    table = Table(
        abha_address.DETECTOR,
        alone=("asha.rao@abdm", "Asha_Rao@sbx", "91123456789012@abdm", "asha.rao @ abdm"),
        ordinary=(".asha@abdm", "1asha@abdm", "asha@abdmx", "asha.rao@ybl"),
        keys=("abha_address",),
    )


class TestUdise(DetectorTests):
    table = Table(
        udise.DETECTOR,
        named=(
            ("PEN {}", "21234567890"),
            ("udise code {}", "123456789012"),
            ("udise+ {}", "12345678901234"),
            ("मेरा पेन नंबर {}", "21234567890"),
            ("யுடைஸ் {}", "21234567890"),
            ("యూడైస్ {}", "21234567890"),
            ("ইউডাইস {}", "2123 4567 890"),
        ),
        ordinary=("21234567890", "pen 1234567890", "open 21234567890", "the pencil 21234567890"),
        keys=("udise_code", "pen", "penNumber"),
    )


class TestPinCode(DetectorTests):
    table = Table(
        pin_code.DETECTOR,
        alone=("pin 560001", "PIN-560 001", "पिन 560001", "பின் 560001", "పిన్ 560001", "পিন 560001"),
        named=(
            ("pincode is {}", "560001"),
            ("my pin is {}", "560 001"),
            ("पिन कोड {}", "5600 01"),
            ("मेरा पता गली 4, {}", "560001"),
            ("அஞ்சல் {}", "560001"),
            ("పిన్ కోడ్ {}", "560001"),
            ("ডাকঘর {}", "560001"),
        ),
        ordinary=("560001", "otp 482913", "pin the flag 4 times for 560001 xp", "spin 560001", "pincode 060001"),
        keys=("pincode", "pin_code", "postal_code"),
    )
