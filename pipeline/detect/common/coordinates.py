"""Latitude and longitude: decimals with three places or more (about 100 metres), or degrees, minutes and seconds."""

import re

from pipeline.detect.detector import Detector, Kind, Strength

_NUMBER = re.compile(r"-?[0-9]{1,3}\.[0-9]+")
_DECIMAL = r"[-+]?[0-9]{1,3}\.[0-9]{3,18}"
_COMPASS = r"(?: ?° ?[nsew]?| ?[nsew])"
_FINE = r"[-+]?[0-9]{1,3}\.[0-9]{4,18}"  # apart by a space only, three places are two measurements of a game
_DMS = r"[0-9]{1,3} ?° ?[0-9]{1,2} ?['′] ?(?:[0-9]{1,2}(?:\.[0-9]{1,6})? ?(?:\"|″|''|′′) ?)?[nsew]"
_POLE, _DATE_LINE = 90, 180


def _is_place(text: str) -> bool:
    if "'" in text or "′" in text:
        return True
    compass = "".join(sign for sign in text if sign.isalpha())
    if compass and "°" not in text and (compass[0] not in "NS" or compass[-1] not in "EW"):
        return False  # "1.234 s, 2.345 s" are seconds
    first, second = (abs(float(number)) for number in _NUMBER.findall(text)[:2])
    return (first <= _POLE and second <= _DATE_LINE) or (first <= _DATE_LINE and second <= _POLE)


DETECTOR = Detector(
    name="coordinates",
    kind=Kind.PRECISE_LOCATION,
    law="16 CFR 312.2 PI (9)",
    pattern=(
        rf"{_DECIMAL}(?:, ?|; ?|/){_DECIMAL}|{_FINE} {_FINE}"
        rf"|{_DECIMAL}{_COMPASS}[,;/]? ?{_DECIMAL}{_COMPASS}|{_DMS}(?:[,;]? ?{_DMS})?"
    ),
    strength=Strength.LIKELY,
    validate=_is_place,
    probe=r"\.[0-9]{3,18} ?[,;/°nsew]|\.[0-9]{4,18} |[0-9] ?°",
    keys=(
        "lat",
        "lon",
        "lng",
        "long",
        "latitude",
        "longitude",
        "latlng",
        "latlon",
        "lnglat",
        "coords",
        "coordinates",
        "coordinate",
        "geo",
        "geopoint",
        "geolocation",
        "gps",
        "gpslocation",
        "location",
        "latitudedegrees",
        "longitudedegrees",
        "altitude",
    ),
    hits=(
        "18.5204303,73.8567437",
        "18.520, 73.857",
        "at -33.8688 151.2093 now",
        "geo:18.5204,73.8567",
        "18.5204° N, 73.8567° E",
        "18°31'13\"N 73°51'24\"E",
    ),
    misses=(
        "18.5, 73.8",
        "1,499.000",
        "99.999",
        "200.123, 300.456",
        "2 1.234 seconds",
        "1.234 s, 2.345 s",
        "59.940 59.940",
    ),
)
