"""Open Location Code ("plus code") and what3words address: a square of a few metres in letters."""

from pipeline.detect.detector import Detector, Kind, Strength

_SIGN = "[23456789CFGHJMPQRVWX]"

DETECTOR = Detector(
    name="plus_code",
    kind=Kind.PRECISE_LOCATION,
    law="16 CFR 312.2 PI (9)",
    pattern=rf"{_SIGN}{{4,8}}\+{_SIGN}{{2,7}}|///[^\s./]{{2,40}}\.[^\s./]{{2,40}}\.[^\s./]{{2,40}}",
    strength=Strength.LIKELY,
    validate=lambda text: text.startswith("///") or not text.replace("+", "").isdigit(),
    words=("plus code", "pluscode", "location"),
    probe=r"[2-9cfghjmpqrvwx]\+[2-9cfghjmpqrvwx]{2}|///",
    keys=("pluscode", "olc", "openlocationcode", "what3words", "w3w"),
    hits=("7JCMGRJ5+2X", "GRJ5+2X", "///filled.count.soap", "plus code 7562+22"),
    misses=("2+2", "2222+33", "level", "a///b", "word+xx"),
)
