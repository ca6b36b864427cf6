"""Latitude and longitude: decimals with three places or more (about 100 metres), or degrees, minutes and seconds.

Behind the words for them two places are enough: "lat 12.97 long 77.59", and each alone, as "latitude 12.97"; "long" by
itself says how long something took.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength

_NUMBER = re.compile(r"-?[0-9]{1,3}\.[0-9]+")
_DECIMAL = r"[-+]?[0-9]{1,3}\.[0-9]{3,18}"
_COMPASS = r"(?: ?° ?[nsew]?| ?[nsew])"
_FINE = r"[-+]?[0-9]{1,3}\.[0-9]{4,18}"  # apart by a space only, three places are two measurements of a game
_DMS = r"[0-9]{1,3} ?° ?[0-9]{1,2} ?['′] ?(?:[0-9]{1,2}(?:\.[0-9]{1,6})? ?(?:\"|″|''|′′) ?)?[nsew]"
_TO = r"(?: ?[:=] ?| is | )"
_COARSE = r"[-+]?[0-9]{1,3}\.[0-9]{2,18}(?: ?° ?[nsew]?)?"
_LATITUDE, _LONGITUDE = "lat(?:itude)?|अक्षांश|அட்சரேகை|అక్షాంశం|অক্ষাংশ", "long(?:itude)?|lng|lon|देशांतर|தீர்க்கரேகை|రేఖాంశం|দ্রাঘিমা"
_ALONE = f"latitude|longitude|lat|lng|lon|{_LATITUDE.partition('|')[2]}|{_LONGITUDE.split('|lon|')[1]}"
_POINTED = r"[0-9]{1,3}\.[0-9]{2,18} ?°? ?[ns][,;/]? ?[0-9]{1,3}\.[0-9]{2,18} ?°? ?[ew]"
_NAMED = rf"(?:{_LATITUDE}){_TO}{_COARSE}(?:[,;/]? ?| and )(?:{_LONGITUDE}){_TO}{_COARSE}|(?:{_ALONE}){_TO}{_COARSE}"
_POLE, _DATE_LINE = 90, 180


def _is_place(text: str) -> bool:
    if "'" in text or "′" in text:
        return True
    if text[0].isalpha():
        return all(abs(float(number)) <= _DATE_LINE for number in _NUMBER.findall(text))
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
        rf"{_NAMED}|{_POINTED}|{_DECIMAL}(?:, ?|; ?|/){_DECIMAL}|{_FINE} {_FINE}"
        rf"|{_DECIMAL}{_COMPASS}[,;/]? ?{_DECIMAL}{_COMPASS}|{_DMS}(?:[,;]? ?{_DMS})?"
    ),
    strength=Strength.LIKELY,
    validate=_is_place,
    probe=rf"\.[0-9]{{3,18}} ?[,;/°nsew]|\.[0-9]{{4,18}} |[0-9] ?°|\.[0-9]{{2,18}} ?[ns][,;/]? ?[0-9]"
    rf"|(?:{_LATITUDE}|{_LONGITUDE}){_TO}[-+]?[0-9]{{1,3}}\.[0-9]",
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
        "lat 12.97 long 77.59",
        "latitude: 12.9716, longitude: 77.5946",
        "latitude is 12.97",
        "12.97N 77.59E",
    ),
    misses=(
        "18.5, 73.8",
        "1,499.000",
        "99.999",
        "200.123, 300.456",
        "2 1.234 seconds",
        "1.234 s, 2.345 s",
        "59.940 59.940",
        "lat 12 long 77",
        "how long 12.50 seconds",
        "lat 12.5",
        "lat 512.55",
    ),
)
