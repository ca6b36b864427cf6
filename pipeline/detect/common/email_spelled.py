"""Email address that is spelled out: `mia at example dot com`, `mia (at) example.com`, in the scripts of India as well.

It has to end in a known top-level domain where the words are bare, or else "meet me at the dot" would be one.
"""

from pipeline.detect.common.email import LABEL, NAME
from pipeline.detect.detector import Detector, Kind

_TLD = "com|org|net|edu|gov|info|biz|app|dev|io|me|in|co|uk|us|ca|au|kids|school|academy"
_AT = r"(?: at | ?[(\[{<] ?(?:at|@) ?[)\]}>] ?| एट | ऐट | அட் | ఎట్ | অ্যাট | এট )"
_DOT = r"(?: dot | ?[(\[{<] ?(?:dot|\.) ?[)\]}>] ?| डॉट | டாட் | డాట్ | ডট )"
_BRACKETED_AT = r" ?[(\[{<] ?(?:at|@|एट|ऐट) ?[)\]}>] ?"
_TLDS = f"(?:{_TLD}|कॉम|காம்|కామ్|কম)"

DETECTOR = Detector(
    name="email_spelled",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (3); DPDP Act 2(t)",
    pattern=(
        rf"{NAME}{_AT}{LABEL}(?:(?:{_DOT}|\.){LABEL}){{0,3}}{_DOT}{_TLDS}"
        rf"|{NAME}{_BRACKETED_AT}{LABEL}(?:\.{LABEL}){{1,8}}"
        rf"|{NAME} ?@ ?{LABEL}(?:(?:{_DOT}|\.){LABEL}){{0,3}}{_DOT}{_TLDS}"
    ),
    probe=rf"{_BRACKETED_AT}|{_DOT}",
    hits=(
        "mia at example dot com",
        "mia (at) example (dot) com",
        "mia[at]example.com",
        "mia @ example dot com",
        "मेरा मेल diya एट example डॉट com है",
        "mia_at_home at gmail dot co dot in",
        "mia@example dot com",
    ),
    misses=("meet me at 5", "look at example.com", "we met at the dot painting", "dot com", "mia at example"),
)
