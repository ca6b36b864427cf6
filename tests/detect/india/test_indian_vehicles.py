"""Registration marks of vehicles."""

from pipeline.detect.india import bh_series, vehicle_registration
from tests.detect.tables import DetectorTests, Table, names


class TestRegistration(DetectorTests):
    table = Table(
        vehicle_registration.DETECTOR,
        alone=("KA01AB1234", "DL 1C AA 1111", "KA-01-AB-1234", "mh 12 de 1433", "TN 08 A 6887"),
        named=(
            ("my car number is {}", "XX01AB1234"),
            ("gaadi {}", "up 10 in 2024"),
            ("मेरी गाड़ी {}", "KA 01 1234"),
            ("வண்டி {}", "KA 01 1234"),
            ("నా బండి {}", "KA 01 1234"),
            ("গাড়ি {}", "KA 01 1234"),
        ),
        ordinary=(
            "KA01AB123",
            "level up 10 in 2024",
            "hp 50 max 1000",
            "mp 20 gold 1500",
            "as 10 to 2000",
            "ka 10 ka 2024",
            "session dd4f4641 closed",
            "level-up-10-in-2024",
        ),
        keys=("vehicle_number", "licensePlate", "registration_number"),
    )

    def test_capitals_tell_a_series_from_a_word(self) -> None:
        assert names("MH 20 KA 9504") == {"vehicle_registration"}
        assert names("mh 20 ka 9504") == set()


class TestBhSeries(DetectorTests):
    table = Table(
        bh_series.DETECTOR,
        alone=("22 BH 6517 A", "22BH6517A", "30-BH-1234-AB", "21 bh 0001 aa"),
        ordinary=("22 BI 6517 A", "22 bhi 6517", "22 BH 6517 I"),
    )
