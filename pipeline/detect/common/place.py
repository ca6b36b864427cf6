"""Place names finer than a state. No list of them is complete, so only a key can tell one."""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="place",
    kind=Kind.COARSE_LOCATION,
    law="16 CFR 312.2 PI (2), (9)",
    keys=(
        "city",
        "town",
        "village",
        "locality",
        "sublocality",
        "neighborhood",
        "neighbourhood",
        "district",
        "county",
        "metro",
        "metrocode",
        "dma",
        "timezone",
        "suburb",
        "area",
        "landmark",
        "taluk",
        "tehsil",
        "mandal",
        "ward",
        "hometown",
    ),
)
