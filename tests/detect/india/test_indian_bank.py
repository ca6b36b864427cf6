"""UPI addresses, branch codes, bank accounts."""

from pipeline.detect.india import bank_account, bank_details, ifsc, upi
from tests.detect.tables import DetectorTests, Table


class TestUpi(DetectorTests):
    table = Table(
        upi.DETECTOR,
        alone=(
            "9876543210@paytm",
            "ravi.kumar@okhdfcbank",
            "rahul-99@ybl",
            "meera_k@somenewbank",
            "rahul99 @ ybl",
            "rahul99 at ybl",
            "rahul99(at)oksbi",
        ),
        ordinary=(
            "ravi@example.com",
            "ravi@mail.example.in",
            "meet me at school",
            "gg @ home",
            "2 @ 99",
            "ready at icicle",
        ),
        keys=("upi", "upi_id", "vpa"),
    )


class TestIfsc(DetectorTests):
    table = Table(
        ifsc.DETECTOR,
        alone=("HDFC0002255", "SBIN0001234", "UTIB0000ABC", "utib0001234"),
        named=(
            ("ifsc is {}", "ITEM0001234"),
            ("बैंक {}", "ITEM0001234"),
            ("வங்கி {}", "ITEM0001234"),
            ("బ్యాంక్ {}", "ITEM0001234"),
            ("ব্যাংক {}", "ITEM0001234"),
        ),
        ordinary=("SBIN1234567", "item0001234", "user0000042", "HDFC000225"),
        keys=("ifsc", "ifsc_code"),
    )


class TestAccount(DetectorTests):
    table = Table(
        bank_account.DETECTOR,
        named=(
            ("my account is {}", "50100123456789"),
            ("a/c {}", "123456789"),
            ("mera khata {}", "1234 5678 9012 34"),
            ("मेरा खाता {}", "50100123456789"),
            ("வங்கி கணக்கு எண் {}", "50100123456789"),
            ("నా ఖాతా {}", "50100123456789"),
            ("ব্যাঙ্ক {}", "50100123456789"),
        ),
        ordinary=(
            "50100123456789",
            "account 12345678",
            "my account has 123456789 coins",
            "HDFC0002255 and level 12345",
        ),
        keys=("account_number", "bankAccount"),
    )


class TestDetails(DetectorTests):
    table = Table(
        bank_details.DETECTOR,
        alone=("50100123456789 HDFC0002255", "SBIN0001234, branch at the corner, no 12345678901"),
        ordinary=("50100123456789", "HDFC0002255 and level 12345"),
    )
