"""Values for the detector corpus: each identifier, invented, with right check digits; and ordinary numbers."""

import random
import uuid
from collections.abc import Callable

from pipeline.detect import checksums

DIGITS = "0123456789"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


class Maker:
    """Invents one value of each identifier."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pick(self, signs: str, count: int = 1) -> str:
        return "".join(self.rng.choice(signs) for _ in range(count))

    def digits(self, count: int, first: str = "123456789") -> str:
        return self.pick(first) + self.pick(DIGITS, count - 1)

    def checked(self, body: str, check: Callable[[str], bool], signs: str = DIGITS) -> str:
        return next(body + sign for sign in signs if check(body + sign))

    def aadhaar(self) -> str:
        return self.checked(self.digits(11, "23456789"), checksums.verhoeff)

    def aadhaar_vid(self) -> str:
        return self.checked(self.digits(15, "23456789"), checksums.verhoeff)

    def masked_aadhaar(self) -> str:
        return self.rng.choice(("XXXX XXXX ", "xxxx-xxxx-", "XXXXXXXX", "**** **** ")) + self.pick(DIGITS, 4)

    def pan(self) -> str:
        serial = self.rng.randint(1, 9999)
        return f"{self.pick(_LETTERS, 3)}{self.pick('PPPPCHFAT')}{self.pick(_LETTERS)}{serial:04d}{self.pick(_LETTERS)}"

    def gstin(self) -> str:
        body = f"{self.rng.randint(1, 38):02d}{self.pan()}{self.pick('123456789')}Z"
        return self.checked(body, checksums.luhn36, DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def indian_passport(self) -> str:
        return self.pick(_LETTERS) + self.digits(6) + self.pick("123456789")

    def epic(self) -> str:
        return self.pick(_LETTERS, 3) + self.checked(self.digits(6), checksums.luhn)

    def driving_licence(self) -> str:
        state = self.rng.choice(("MH", "KA", "TN", "DL", "UP", "WB", "AP"))
        office, year = self.rng.randint(1, 99), self.rng.randint(1985, 2026)
        return f"{state}{office:02d}{self.pick(' -')}{year}{self.pick(DIGITS, 7)}"

    def upi(self) -> str:
        name = self.rng.choice(("kavya.n", "imran_s", "lakshmi-77", self.digits(10, "6789")))
        return name + "@" + self.rng.choice(("okaxis", "ybl", "paytm", "okicici", "upi", "newbank"))

    def pin_code(self) -> str:
        return self.digits(6, "12345678")

    def abha_number(self) -> str:
        return f"{self.digits(2)}-{self.pick(DIGITS, 4)}-{self.pick(DIGITS, 4)}-{self.pick(DIGITS, 4)}"

    def abha_address(self) -> str:
        return (
            self.rng.choice(("kavya.n", "imran_s", "lakshmi77", "r.k.menon")) + "@" + self.rng.choice(("abdm", "sbx"))
        )

    def apaar(self) -> str:
        return self.digits(12)

    def udise(self) -> str:
        return self.digits(self.rng.randint(11, 14))

    def vehicle_registration(self) -> str:
        state, gap = self.rng.choice(("KA", "MH", "TN", "AP", "WB", "DL", "TS")), self.rng.choice(("", " ", "-"))
        series = self.pick("ABCDEFGHJK", self.rng.randint(1, 2))
        return gap.join((state, f"{self.rng.randint(1, 70):02d}", series, f"{self.rng.randint(1, 9999):04d}"))

    def bh_series(self) -> str:
        return self.rng.choice(("", " ", "-")).join(
            (str(self.rng.randint(21, 30)), "BH", self.digits(4), self.pick("ABCDE", 2))
        )

    def ifsc(self) -> str:
        return self.rng.choice(("SBIN", "HDFC", "UTIB", "ICIC", "PUNB", "CNRB", "KKBK")) + "0" + self.pick(DIGITS, 6)

    def indian_bank_account(self) -> str:
        return self.digits(self.rng.randint(9, 18))

    def ssn(self) -> str:
        area = self.rng.choice([number for number in range(1, 900) if number != 666])
        return f"{area:03d}-{self.rng.randint(1, 99):02d}-{self.rng.randint(1, 9999):04d}"

    def ssn_without_dashes(self) -> str:
        return self.ssn().replace("-", "")

    def itin(self) -> str:
        middle = self.rng.choice((*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)))
        return f"9{self.pick(DIGITS, 2)}-{middle}-{self.pick(DIGITS, 4)}"

    def atin(self) -> str:
        return f"9{self.pick(DIGITS, 2)}-93-{self.pick(DIGITS, 4)}"

    def ein(self) -> str:
        return f"{self.rng.choice(('12', '20', '47', '81', '98'))}-{self.pick(DIGITS, 7)}"

    def zip4(self) -> str:
        return f"{self.pick(DIGITS, 5)}-{self.pick(DIGITS, 4)}"

    def zip_code(self) -> str:
        return self.pick(DIGITS, 5)

    def driver_license(self) -> str:
        return self.pick(_LETTERS) + self.digits(self.rng.choice((7, 8, 12)))

    def us_passport(self) -> str:
        return self.rng.choice((self.digits(9), self.pick("ABCX") + self.digits(8)))

    def aba_routing(self) -> str:
        return self.checked(self.rng.choice(("0210", "1110", "3222", "0719")) + self.pick(DIGITS, 4), checksums.aba)

    def us_bank_account(self) -> str:
        return self.digits(self.rng.randint(8, 17))

    def street_address(self) -> str:
        street = self.rng.choice(
            ("Elm Street", "Park Avenue", "W Sunset Blvd", "Old Mill Road", "5th Ave", "Juniper Ct", "Hill Dr")
        )
        return f"{self.rng.randint(1, 9999)} {street}"

    def po_box(self) -> str:
        return self.rng.choice(("P.O. Box ", "PO Box ", "P O Box ", "Post Office Box ")) + str(
            self.rng.randint(1, 9999)
        )

    def npi(self) -> str:
        return self.checked(self.digits(9, "12"), checksums.npi)

    def student_id(self) -> str:
        return self.rng.choice(("", "S", "ST")) + self.digits(self.rng.randint(6, 9))

    def email(self) -> str:
        name = self.rng.choice(("kavya.n", "oscar+game", "j_smith", "imran-s"))
        host = self.rng.choice(("example.net", "school.example.edu", "post.example.in"))
        return f"{name}{self.rng.randint(1, 999)}@{host}"

    def phone_in(self) -> str:
        return self.rng.choice(("", "", "+91 ", "+91-", "0")) + self.digits(10, "6789")

    def phone_us(self) -> str:
        area, line = self.rng.choice((206, 312, 646, 702, 813)), f"01{self.rng.randint(0, 99):02d}"
        return self.rng.choice(
            (f"({area}) 555-{line}", f"{area}-555-{line}", f"+1 {area} 555 {line}", f"{area}.555.{line}")
        )

    def payment_card(self) -> str:
        body = self.rng.choice(
            ("4" + self.digits(14), "5" + self.pick("12345") + self.pick(DIGITS, 13), "34" + self.pick(DIGITS, 12))
        )
        return self.checked(body, checksums.luhn)

    def imei(self) -> str:
        return self.checked("86" + self.pick(DIGITS, 12), checksums.luhn)

    def ipv4(self) -> str:
        return ".".join(str(self.rng.randint(1, 254)) for _ in range(4))

    def ipv6(self) -> str:
        return "2001:db8:" + ":".join(f"{self.rng.randint(4096, 65535):x}" for _ in range(6))

    def mac(self) -> str:
        return ":".join(f"{self.rng.randint(0, 255):02x}" for _ in range(6))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


IDENTIFIERS = tuple(name for name in vars(Maker) if name[0] != "_" and name not in {"pick", "digits", "checked"})


def _row(rng: random.Random) -> str:
    """Numbers as people count them: up or down in equal steps, doubled, or round ones in any order."""
    count = rng.randint(3, 10)
    step = rng.choice((1, 2, 5, 10, 50, 100, 250, 500, 1000))
    first = step * rng.randint(1, 9) if step > 10 else rng.randint(1, 2000)
    up = [first + step * place for place in range(count)]
    doubled = [2 ** (place + count) for place in range(4)]
    rounds = [50 * rng.randint(20, 190) for _ in range(count)]
    return rng.choice((" ", " ", "-")).join(map(str, rng.choice((up, up[::-1], doubled, rounds))))


def ordinary(maker: Maker) -> dict[str, str]:
    """The numbers of a clean sentence."""
    rng = maker.rng
    between, digits, choice = rng.randint, maker.digits, rng.choice
    year, month, day = between(2024, 2026), between(1, 12), between(1, 28)
    score, rupees = between(100, 999_999), between(10, 9999)
    lakhs = f"{between(1, 99)},{between(10, 99)},{between(100, 999)}"
    return {
        "level": str(between(1, 500)),
        "score": choice((str(score), f"{score:,}", lakhs)),
        "nine": digits(9),
        "order": choice(
            (
                f"#{digits(6)}",
                f"{digits(3)}-{digits(7)}-{digits(7)}",
                f"ORD{digits(7)}",
                digits(8),
                f"OD-{year}{month:02d}{day:02d}-{between(1, 9999):04d}",
            )
        ),
        "limit": str(choice((1, -1)) * 2 ** choice((28, 29, 31, 32, 33, 34, 39, 52, 53, 63)) - choice((0, 1))),
        "row": _row(rng),
        "price": choice((f"{between(1, 999)}.{between(0, 99):02d}", str(rupees), f"{between(1, 9)},499")),
        "date": choice(
            (f"{year}-{month:02d}-{day:02d}", f"{day}/{month}/{year}", f"{day}.{month}.{year}", f"{day} March")
        ),
        "time": choice((f"{between(0, 23):02d}:{between(0, 59):02d}", f"{between(1, 12)}:{between(10, 59)} pm")),
        "version": f"{between(1, 9)}.{between(0, 30)}.{between(0, 9)}",
        "build": choice((f"{year}{month:02d}{day:02d}", digits(5), f"{between(1, 9)}.{between(0, 99)}.{digits(4)}")),
        "small": str(between(1, 60)),
        "otp": digits(6),
        "resolution": choice(("1920x1080", "2340 x 1080", "720p")),
        "ms": str(between(1_767_225_600_000, 1_798_761_600_000)),
        "seconds": str(between(1_767_225_600, 1_798_761_600)),
        "hex": f"{rng.getrandbits(32):08x}",
        "hex4": f"{rng.getrandbits(16):04x}",
    }
