"""What must never stand in an outgoing event, recognised with high precision (R12–R14, R17–R19, R22, R35).

Written for the leak stop alone: it shares no pattern, table or function with `pipeline.detect`, so that one mistake
cannot blind both. Where a number has a checksum it must hold, and where a word is ordinary it is no hit: a false alarm
stops a region. Formats: 42 U.S.C. 405 (SSN), UIDAI (Aadhaar, Verhoeff), Income Tax Rules r.114 (PAN), ISO/IEC 7812
(cards, Luhn), ITU-T E.164 with the NANP and the Indian numbering plan, RFC 4291, RFC 5321, RFC 7519, RFC 9562.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

import re2


class LeakKind(StrEnum):
    """What kind of data was about to leave. Metric label and word in an incident file."""

    EMAIL = "email"
    PHONE = "phone"
    SSN = "ssn"
    AADHAAR = "aadhaar"
    PAN = "pan"
    CARD = "card"
    IP_ADDRESS = "ip_address"
    MAC_ADDRESS = "mac_address"
    COORDINATES = "coordinates"
    DEVICE_ID = "device_id"  # an advertising or installation id, or any UUID outside of distinct_id
    CREDENTIAL = "credential"
    URL = "url"  # with a query or user information
    BIRTH_DATE = "birth_date"
    IMAGE = "image"
    BIOMETRIC = "biometric"  # a numeric array as long as an embedding
    PROPERTY = "property"  # a property whose name alone says that it must not be there
    CANARY = "canary"  # a value that was planted to be stopped


class Pattern(NamedTuple):
    """A form and, if it alone proves too little, the proof. open_start, open_end: may touch letters or digits there."""

    kind: LeakKind
    form: str
    proof: Callable[[str], bool] | None = None
    open_start: bool = False
    open_end: bool = False
    any_case: bool = True


EMBEDDING: Final = 64
"""Numbers in an array from which on it may be a template of a face or a voice (R23; 16 CFR 312.2 (10))."""

_MOST_TRIES: Final = 1000  # places in one text where a form fits and its surroundings or its checksum do not
_HANDLES: Final = "paytm|ybl|okhdfcbank|oksbi|okicici|okaxis|upi|apl|ibl|axl|abdm"
_BORN: Final = r"(?:born|birth ?day|birth ?date|date of birth|d\.?o\.?b\.?|जन्म)"
_DATE: Final = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
_KEYS: Final = (
    r"(?:AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|sk_(?:live|test)_[0-9A-Za-z]{16,}|gh[pousr]_[0-9A-Za-z]{36}"
    r"|xox[abprs]-[0-9A-Za-z-]{10,}|ya29\.[0-9A-Za-z_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY)"
)
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"


def _digits(text: str) -> list[int]:
    return [ord(sign) - 48 for sign in text if "0" <= sign <= "9"]


def luhn(text: str) -> bool:
    """Say whether the digits pass ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - cross sum
    return total % 10 == 0


def verhoeff(text: str) -> bool:
    """Say whether the digits pass Verhoeff's check: products in the dihedral group D5, computed, not tabulated."""
    product = 0
    for place, digit in enumerate(reversed(_digits(text))):
        product = _times(product, _turned(digit, place))
    return product == 0


def _times(a: int, b: int) -> int:
    """Multiply in D5: 0 to 4 are rotations, 5 to 9 reflections."""
    turn = (a + b if a < 5 else a - b) % 5  # noqa: PLR2004
    return turn + 5 * ((a >= 5) != (b >= 5))  # noqa: PLR2004


def _turned(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def _in_a_domain(text: str) -> bool:
    return (text[0].isalnum() or text[0] in "._%+-") and text.rpartition(".")[2].isalpha()


def _is_ssn(text: str) -> bool:
    area, group, serial = re.split(r"[ -]", text)
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def _is_aadhaar(text: str) -> bool:
    bare = "".join(map(str, _digits(text)))
    return bare != bare[::-1] and verhoeff(bare)


def _is_card(text: str) -> bool:
    bare = "".join(map(str, _digits(text)))
    issuers = (
        r"4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|3[47]|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8]\d)|508|8[12]"
    )
    return re.match(issuers, bare) is not None and luhn(bare)


def _is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return len(re.sub(r"[^0-9a-f]", "", text.lower())) >= 4 and not address.is_unspecified  # noqa: PLR2004 - "::1" says little


def _on_earth(text: str) -> bool:
    latitude, longitude = map(float, re.findall(r"-?\d+\.\d+", text))
    return abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004


PATTERNS: Final = (
    Pattern(LeakKind.EMAIL, r"[^\s@]@(?:[^\s@.]+\.)+[^\s@.]{2}", _in_a_domain, open_start=True, open_end=True),
    Pattern(LeakKind.EMAIL, rf"[a-z0-9._-]@(?:{_HANDLES})", open_start=True),
    Pattern(LeakKind.PHONE, r"(?:\+|00)?91[ -]?[6-9]\d{4}[ -]?\d{5}"),
    Pattern(LeakKind.PHONE, r"0?[6-9](?:\d{4}[ -]?\d{5}|\d{2}[ -]\d{3}[ -]?\d{4}|\d{3}[ -]\d{3}[ -]\d{3})"),
    Pattern(LeakKind.PHONE, r"(?:\+?1[ .-]?)?\(?[2-9][0-8]\d\)?[ .-]?[2-9]\d{2}[ .-]?\d{4}"),
    Pattern(LeakKind.SSN, r"\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}", _is_ssn),
    Pattern(LeakKind.AADHAAR, r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", _is_aadhaar),
    Pattern(LeakKind.AADHAAR, r"[2-9]\d{3}(?:[ -]?\d{4}){3}", _is_aadhaar),
    Pattern(LeakKind.PAN, r"[A-Z]{3}[ABCFGHJKLPT][A-Z]\d{4}[A-Z]", lambda text: text[5:9] != "0000"),
    Pattern(LeakKind.CARD, r"\d(?:[ -]?\d){12,18}", _is_card),
    Pattern(LeakKind.IP_ADDRESS, rf"{_OCTET}(?:\.{_OCTET}){{3}}"),
    Pattern(LeakKind.IP_ADDRESS, r"[0-9a-f:]*:[0-9a-f]{0,4}:[0-9a-f:]*(?:\.\d+){0,3}", _is_ipv6),
    Pattern(LeakKind.MAC_ADDRESS, r"[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})"),
    Pattern(LeakKind.COORDINATES, r"-?\d{1,2}\.\d{4,}[,; ]{1,3}-?\d{1,3}\.\d{4,}", _on_earth),
    Pattern(LeakKind.DEVICE_ID, r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    Pattern(LeakKind.CREDENTIAL, r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}", any_case=False, open_end=True),
    Pattern(LeakKind.CREDENTIAL, _KEYS, any_case=False, open_end=True),
    Pattern(LeakKind.URL, r"[a-z][a-z0-9+.-]{1,20}://[^\s/?#]*(?:@|[^\s?#]*[?#][^\s]*=)", open_end=True),
    Pattern(LeakKind.BIRTH_DATE, rf"{_BORN}[^0-9a-z]{{0,5}}(?:is|on|was)?[^0-9a-z]{{0,5}}{_DATE}"),
    Pattern(
        LeakKind.IMAGE,
        r"(?:data:image/|iVBORw0KGgo[0-9A-Za-z+/]{8}|/9j/4[0-9A-Za-z+/]{20}|R0lGOD[0-9A-Za-z+/]{16})",
        any_case=False,
        open_start=True,
        open_end=True,
    ),
)

_FORBIDDEN: Final = frozenset(
    "email emailaddress useremail parentemail guardianemail contactmail phone phonenumber mobilenumber msisdn"  # noqa: SIM905 - a list would be four times as long
    " name firstname lastname fullname realname username nickname playername childname kid avatar"
    " city latitude longitude lat lon lng gps geohash zip zipcode postalcode pincode streetaddress homeaddress"
    " ipaddress clientip xforwardedfor remoteaddr ssid bssid macaddress imei imsi iccid"
    " idfa idfv gaid aaid adid iosifa advertisingid appsetid androidid vendorid deviceid userid anonid identifiedid"
    " distinctids anondistinctid firebaseinstanceid appsflyerid adjustid iosdevices androiddevices pushtoken fcmtoken"
    " dob dateofbirth birthdate birthday birthmonth birthyear school schoolname studentid"
    " ssn aadhaar aadhar pannumber passport password accesstoken refreshtoken authtoken sessiontoken cookie"
    " gclid gbraid wbraid fbclid ttclid msclkid carrier devicename".split()
)


def is_forbidden(name: str, value: Any) -> bool:
    """Say whether a property must not be there, by its name alone; `ip` may be 0, and yes or no names nobody."""
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    if plain == "ip":
        return value != 0 or type(value) is bool
    return plain in _FORBIDDEN and value is not None and value != "" and type(value) is not bool


def _compile(form: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(form, options)


_FORMS: Final = [f"(?i:{each.form})" if each.any_case else f"(?:{each.form})" for each in PATTERNS]
_EACH: Final = [(pattern, _compile(form)) for pattern, form in zip(PATTERNS, _FORMS, strict=True)]
_ANY: Final = _compile("|".join(_FORMS))


def kinds_in(text: str) -> Iterator[LeakKind]:
    """Yield the kind of everything that is found in a text, at most once for each pattern."""
    if _ANY.search(text) is not None:
        yield from (pattern.kind for pattern, form in _EACH if _stands_alone(pattern, form, text))


def _stands_alone(pattern: Pattern, form: Any, text: str) -> bool:
    start = 0
    for _ in range(_MOST_TRIES):
        found = form.search(text, start)
        if found is None:
            return False
        first, last = found.span()
        alone = (pattern.open_start or not _goes_on(text, first - 1)) and (pattern.open_end or not _goes_on(text, last))
        if alone and (pattern.proof is None or pattern.proof(found.group())):
            return True
        start = first + 1
    return False


def _goes_on(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isalnum()
