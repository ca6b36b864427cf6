"""Social security and taxpayer numbers."""

import pytest
from stdnum.us import ein as ein_oracle
from stdnum.us import itin as itin_oracle
from stdnum.us import ssn as ssn_oracle

from pipeline.detect.us import atin, ein, itin, ssn
from tests.detect.tables import DetectorTests, Table, is_hidden


class TestSsn(DetectorTests):
    table = Table(
        ssn.DETECTOR,
        alone=(
            "123-45-6789",
            "123 45 6789",
            "123.45.6789",
            "123 - 45 - 6789",
            "772123456",
            "734-12-3456",
            "899-12-3456",
            "7721-2345-6",
            "078-05-1120",
            "219-09-9999",
        ),
        named=(
            ("my ssn is {}", "666-12-3456"),
            ("social security {}", "900-12-3456"),
            ("ssn score {}", "123456789"),
            ("SSN: {}", "1 2 3 4 5 6 7 8 9"),
            ("born 2016 ssn {}", "123-00-6789"),
        ),
        ordinary=(
            "666-12-3456",
            "900-12-3456",
            "123-00-6789",
            "123-45-0000",
            "score 772123456",
            "my high score is 772123456!",
            "order number 772123456",
            "Order #772123456",
            "772123456 points",
            "₹772123456",
            "स्कोर 772123456",
            "ஸ்கோர் 772123456",
            "స్కోరు 772123456",
            "স্কোর 772123456",
        ),
        keys=("ssn", "parent_ssn", "socialSecurityNumber"),
    )

    @pytest.mark.parametrize("before", ["2016", "25.11.2016", "order 123456", "level 12", "123456", "12 3456"])
    def test_numbers_before_it_do_not_hide_it(self, before: str) -> None:
        assert is_hidden("123-45-6789", f"{before} 123-45-6789")

    @pytest.mark.parametrize(
        "number", ["123-45-6789", "772123456", "666-12-3456", "900-12-3456", "123-00-6789", "123-45-0000"]
    )
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert ssn.DETECTOR.validate(number) == ssn_oracle.is_valid(number)

    @pytest.mark.parametrize("number", ["078-05-1120", "219-09-9999"])
    def test_an_advertised_number_is_still_taken_out(self, number: str) -> None:
        assert ssn.DETECTOR.validate(number)
        assert not ssn_oracle.is_valid(number)


class TestItin(DetectorTests):
    table = Table(
        itin.DETECTOR,
        alone=("912-55-1234", "912-70-1234", "912 94 1234", "912.99.1234"),
        named=(("my itin is {}", "912-66-1234"), ("taxpayer number {}", "912891234")),
        ordinary=("912-66-1234", "912-89-1234", "912701234", "812-70-1234"),
        keys=("itin", "taxpayer_id"),
    )

    @pytest.mark.parametrize("group", [group for group in range(100) if not 50 <= group <= 65])  # there it is behind
    def test_agrees_with_the_oracle(self, group: int) -> None:
        number = f"912-{group:02d}-1234"
        assert itin.DETECTOR.validate(number) == itin_oracle.is_valid(number)

    @pytest.mark.parametrize("group", range(50, 66))
    def test_knows_groups_that_the_oracle_lacks(self, group: int) -> None:
        assert itin.DETECTOR.validate(f"912-{group}-1234")


class TestAtin(DetectorTests):
    table = Table(
        atin.DETECTOR,
        alone=("912-93-1234", "912 93 1234"),
        named=(("atin {}", "912931234"), ("adoption number {}", "912-94-1234")),
        ordinary=("912931234", "812-93-1234"),
        keys=("atin",),
    )


class TestEin(DetectorTests):
    table = Table(
        ein.DETECTOR,
        alone=("12-3456789", "98-7654321"),
        named=(("our ein is {}", "07-1234567"), ("employer id {}", "071234567")),
        ordinary=("07-1234567", "12 3456789", "12-345678"),
        keys=("ein", "employer_id"),
    )

    @pytest.mark.parametrize("prefix", range(100))
    def test_agrees_with_the_oracle(self, prefix: int) -> None:
        number = f"{prefix:02d}-3456789"
        assert ein.DETECTOR.validate(number) == ein_oracle.is_valid(number)
