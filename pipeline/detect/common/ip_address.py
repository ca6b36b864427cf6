"""IPv4 and IPv6 address, IPv4 inside IPv6 as well, and IPv4 with "dot" in words.

A version of four numbers is told by the word before it.
"""

import ipaddress
import re

from pipeline.detect.detector import Detector, Kind, Strength

_HEX = "[0-9a-f]{1,4}"
_FOUR = r"[0-9][0-9]{0,2}(?:\.[0-9]{1,3}){3}"
_DOT = r"(?: (?:dot|point|डॉट|டாட்|డాట్|ডট) | ?[(\[{](?:dot|\.)[)\]}] ?| \. )"
_SPELLED = rf"[0-9][0-9]{{0,2}}(?:{_DOT}[0-9]{{1,3}}){{3}}"
_GROUP = re.compile("[0-9]+")
_OCTET = 255
_LEAST_GROUPS = 3  # fewer are also a time with a slip, or two words of code
_PREFIXES = frozenset({"fe", "fd", "fc", "20", "24", "26", "28", "2a", "2c"})


def _is_address(text: str) -> bool:
    """True for an address that somebody may have: not a version, not `::`, not a word with two colons."""
    if ":" not in text:
        return all(
            int(part) <= _OCTET for part in _GROUP.findall(text)
        )  # zeros in front, which ipaddress refuses, are fine
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    groups = [group for group in text.split(":") if group]
    if len(groups) >= _LEAST_GROUPS or text[:2].lower() in _PREFIXES:
        return True
    return len(groups) > 1 and any(map(str.isalpha, text)) and any(map(str.isdigit, text))


DETECTOR = Detector(
    name="ip",
    kind=Kind.IP,
    law="16 CFR 312.2 PI (7); DPDP Act 2(t)",
    pattern=rf"{_FOUR}|{_SPELLED}|(?:[0-9a-f][0-9a-f]{{0,3}}|:)(?::(?:{_HEX})?){{0,6}}:(?:{_FOUR}|{_HEX})?",
    strength=Strength.LIKELY,
    validate=_is_address,
    unless=(
        "version",
        "ver",
        "build",
        "release",
        "update",
        "sdk",
        "firmware",
        "os",
        "ios",
        "android",
        "windows",
        "chrome",
        "app",
        "lib",
        "library",
        "browser",
    ),
    words=("ip", "ip address", "ipv4", "ipv6", "आईपी"),
    probe=rf"[0-9]\.[0-9]{{1,3}}\.[0-9]{{1,3}}\.[0-9]|:[0-9a-f]{{0,4}}:|[0-9]{_DOT}[0-9]{{1,3}}{_DOT}[0-9]",
    keys=(
        "ip",
        "ipaddress",
        "ipaddr",
        "clientip",
        "remoteip",
        "userip",
        "xforwardedfor",
        "forwardedfor",
        "remoteaddr",
        "ipv4",
        "ipv6",
        "xrealip",
        "realip",
        "trueclientip",
        "cfconnectingip",
        "lanip",
        "wanip",
        "publicip",
        "localip",
        "sourceip",
    ),
    hits=(
        "114.151.36.141",
        "from 10.0.0.1:8080",
        "2001:db8:250b:6a4b:25f5:4a7:feb9:2c0e",
        "fe80::1ff:fe23:4567:890a",
        "::ffff:192.0.2.128",
        "2001:DB8::1",
        "[2001:db8::1]:443",
        "192.168.001.010",
        "203 dot 0 dot 113 dot 9",
        "203(dot)0(dot)113(dot)9",
    ),
    misses=(
        "18.2.1",
        "version 1.2.3.4",
        "v1.2.3.4",
        "300.1.1.1",
        "10:30:00",
        "std::vector",
        "::",
        "add::face",
        "a:b:c",
        "25.11.2026",
        "1.2.3",
        "5 dot 1 dot 2",
        "900 dot 1 dot 2 dot 3",
    ),
)
