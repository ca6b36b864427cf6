"""Email address that is spelled out: `mia at example dot com`, `mia (at) example.com`, in the scripts of India as well.

It has to end in a known top-level domain where the words are bare, or else "meet me at the dot" would be one; or at a
large provider of mail ("mia99 at gmail"), where the name has a sign that no word has or a word beside it names a mail.
The name may be spelled as well: `mia dot j underscore 9 at …`.
"""

import re

from pipeline.detect.common.email import LABEL, NAME
from pipeline.detect.detector import Detector, Kind, Strength

_TLD = "com|org|net|edu|gov|info|biz|app|dev|io|me|in|co|uk|us|ca|au|kids|school|academy"
_RATE = "at ?-?(?:the|d|da)? ?-?rate(?: of)?"
_OPEN, _CLOSE = r" ?[(\[{<*_-] ?", r" ?[)\]}>*_-] ?"
_AT = (
    rf"(?: at | {_RATE} |{_OPEN}(?:at|@|एट|ऐट|{_RATE}){_CLOSE}| (?:एट|ऐट)(?: द)?(?: रेट)?(?: ऑफ)? "
    r"| அட்(?: த ரேட்)? | ఎట్(?: ద రేట్)? | (?:অ্যাট|এট)(?: দ্য রেট)? )"
)
_BRACKETED_AT = r" ?[(\[{<] ?(?:at|a|@|एट|ऐट) ?[)\]}>] ?"
_DOTS = "dot|डॉट|डाट|டாட்|డాట్|ডট"
_DOT = rf"(?: (?:{_DOTS}) | ?[(\[{{<] ?(?:{_DOTS}|\.) ?[)\]}}>] ?| ?[*_-] ?(?:{_DOTS}) ?[*_-] ?)"
_LOOSE_DOT = r"(?: \. ?|\. )(?:com|org|net|edu)"
_TLDS = f"(?:{_TLD}|कॉम|काम|इन|காம்|కామ్|কম)"
_PROVIDERS = (
    "(?:g ?mail|googlemail|yahoo|ymail|rocketmail|hotmail|outlook|icloud|rediff(?:mail)?|proton(?:mail)?|aol|zoho|"
    "जीमेल|याहू|ஜிமெயில்|జీమెయిల్|জিমেইল)"
)
_JOINTS = "underscore|under score|dash|hyphen|minus|plus|अंडरस्कोर"
_JOINT = rf"(?:{_DOT}| (?:\.|{_JOINTS}) )"
_NAME = NAME.replace("128", "64")  # RFC 5321, 4.5.3.1.1
_PARTS = f"(?:{NAME.replace('128', '24')}{_JOINT})"
_HOST = rf"{LABEL}(?:(?:{_DOT}|\.){LABEL}){{0,3}}"
_END = r"(?:,? (?:com|co in)|\.[a-z0-9]{1,20})?"
_ADDRESS = re.compile(rf"[^ @]+ ?@ ?{_PROVIDERS}\.[a-z0-9]+", re.IGNORECASE)
_AT_PROVIDER = re.compile(rf"(.*?) at {_PROVIDERS}(?:\.[a-z0-9]{{1,20}})?", re.IGNORECASE | re.DOTALL)
_NO_WORD = re.compile("[0-9_.+]")


def _is_spelled(match: str) -> bool:
    """Refuse what has nothing spelled in it: `email` finds that."""
    return _ADDRESS.fullmatch(match) is None


def _is_somebody(match: str) -> bool:
    """Refuse "look at gmail"."""
    alone = _AT_PROVIDER.fullmatch(match)
    return alone is None or _NO_WORD.search(alone[1]) is not None


DETECTOR = Detector(
    name="email_spelled",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (3); DPDP Act 2(t)",
    pattern=(
        rf"{_PARTS}{{0,3}}{_NAME}(?:{_AT}{_HOST}{_DOT}{_TLDS}(?:\.(?:in|uk|au|nz|jp))?"
        rf"|(?:{_BRACKETED_AT}|_at_){LABEL}(?:\.{LABEL}){{1,8}}"
        rf"| ?@ ?{_HOST}(?:{_DOT}{_TLDS}|{_LOOSE_DOT})"
        rf"|(?:{_AT}| ?@ ?){_PROVIDERS}{_END}"
        rf"|at{_PROVIDERS} ?dot ?com"
        rf")|{_PARTS}{{1,3}}{_NAME} ?@ ?{LABEL}(?:\.{LABEL}){{1,8}}"
    ),
    strength=Strength.CERTAIN,
    exact=_is_spelled,
    validate=_is_somebody,
    words=(
        *("email", "e-mail", "mail", "mail id", "ईमेल", "मेल", "மின்னஞ்சல்", "மெயில்", "ఈమెయిల్", "మెయిల్"),
        *("ইমেল", "ইমেইল", "মেইল"),
    ),
    probe=(
        rf"{_BRACKETED_AT.removeprefix(' ?')}|[a-z0-9]_at_[a-z0-9]| (?:{_DOTS}) |[*_-] ?(?:{_DOTS}) ?[*_-]"
        rf"|[(\[{{<] ?(?:{_DOTS}|\.) ?[)\]}}>]| (?:\.|{_JOINTS}) [^ ]+ ?@|{_LOOSE_DOT}[^0-9A-Za-z]"
        rf"|at{_PROVIDERS} ?dot ?com|(?: at| rate| of| द|एट|ऐट|रेट|ऑफ|அட்|ரேட்|ఎట్|రేట్|অ্যাট|এট) {_PROVIDERS}[^0-9A-Za-z]"
        rf"|[*_-] ?at ?[*_-] ?{_PROVIDERS}[^0-9A-Za-z]|@ ?{_PROVIDERS}(?:[^0-9A-Za-z.]|\.[^0-9a-z])"
    ),
    hits=(
        "mia at example dot com",
        "mia (at) example (dot) com",
        "mia[at]example.com",
        "mia @ example dot com",
        "मेरा मेल diya एट example डॉट com है",
        "mia_at_home at gmail dot co dot in",
        "mia@example dot com",
        "mia dot j at example dot com",
        "mia underscore j dot 9 at example dot com",
        "mia at the rate of gmail dot com",
        "mia_at_example.com",
        "mia @ example . com",
        "mia @ gmail",
        "mia@gmail com",
        "mia99 at gmail",
        "mia dot j@example.com",
        "mia(a)example.com",
        "miaATgmailDOTcom",
    ),
    misses=(
        "look at gmail",
        "is it at gmail.com",
        "we are @ home . in",
        "meet me at 5",
        "look at example.com",
        "we met at the dot painting",
        "dot com",
        "mia at example",
    ),
)
