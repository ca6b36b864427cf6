"""Routing numbers and accounts."""

import pytest
from stdnum.us import rtn as oracle

from pipeline.detect.us import aba_routing, bank_account
from tests.detect.tables import DetectorTests, Table


class TestRouting(DetectorTests):
    table = Table(
        aba_routing.DETECTOR,
        alone=("021000021", "121000358"),
        named=(("routing number {}", "112000025"), ("my bank {}", "0210 0002 1"), ("routing score {}", "021000021")),
        ordinary=("112000025", "score 021000021", "021000021 coins"),
        keys=("routing_number", "aba"),
    )

    @pytest.mark.parametrize("number", ["021000021", "121000358", "112000025", "021000022"])
    def test_agrees_with_the_oracle(self, number: str) -> None:
        assert aba_routing.DETECTOR.validate(number) == oracle.is_valid(number)


class TestAccount(DetectorTests):
    table = Table(
        bank_account.DETECTOR,
        named=(
            ("checking account {}", "12345678"),
            ("savings: {}", "12345678901234567"),
            ("acct {}", "1234 5678 9012"),
            ("मेरा अकाउंट {}", "12345678"),
            ("வங்கி {}", "12345678"),
            ("అకౌంట్ {}", "12345678"),
            ("অ্যাকাউন্ট {}", "12345678"),
        ),
        ordinary=("12345678", "my account has 12345678 coins", "piggy bank with 1234567"),
        keys=("checking_account", "iban"),
    )
