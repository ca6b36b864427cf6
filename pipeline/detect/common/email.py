"""Email address, as RFC 5322 writes it with a domain that has a dot, in any script (RFC 6531)."""

from pipeline.detect.detector import Detector, Kind

_NOT = "\\x00-\\x20@<>()\\[\\]{},;:\"'`/\\\\|=?&#"  # no part of an address that people use
NAME = f"[^{_NOT}]{{1,128}}"
LABEL = f"[^{_NOT}.]{{1,63}}"

DETECTOR = Detector(
    name="email",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (3); DPDP Act 2(t)",
    pattern=rf"{NAME} ?@ ?{LABEL}(?:\.{LABEL}){{1,8}}",
    validate=lambda text: not text.rsplit(".", 1)[1].isdigit(),  # "3 @ 1.5" is a price
    probe="@",
    signs=("@",),
    keys=("email", "emailaddress", "mail", "emailid", "mailid", "useremail", "emails"),
    hits=(
        "mia@example.com",
        "mia+school@mail.example.co.in",
        "MIA.J@EXAMPLE.ORG",
        "o'neil@example.com",
        "diya@उदाहरण.भारत",
        "अनु@example.in",
        "mia @ example.com",
        "_mia_@example.com",
        "मेरा मेल diya@example.com है",
    ),
    misses=("meet me at 5", "a@b", "@mia", "look at example.com", "5 @ 10", "10 @ 1.5", "ravi@okhdfcbank"),
)
