"""A place in letters and digits that only a word or a key can tell: geohash, H3 or S2 cell, id of a radio cell."""

from pipeline.detect.detector import Detector, Kind, Strength

DETECTOR = Detector(
    name="geohash",
    kind=Kind.PRECISE_LOCATION,
    law="16 CFR 312.2 PI (9)",
    pattern="[0-9b-hjkmnp-z]{5,12}|[0-9a-f]{15,16}",
    strength=Strength.CONTEXT,
    validate=lambda text: any(sign.isdigit() for sign in text),
    words=("geohash", "cell id", "cellid", "h3 index", "s2 cell"),
    keys=(
        "geohash",
        "cellid",
        "ci",
        "lac",
        "tac",
        "celltower",
        "cid",
        "enodeb",
        "h3",
        "h3index",
        "s2cell",
        "s2cellid",
        "geofence",
        "beacon",
        "beaconid",
        "placeid",
        "quadkey",
    ),
    hits=("tek3v9q", "geohash tek3v9q"),
    misses=("tek3", "level", "geohash"),
)
