"""URL or deep link with more than a host: path, query and fragment carry ids, names and places (R22)."""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="url",
    kind=Kind.MEDIA,
    law="16 CFR 312.2 PI (7), (8); Apple guideline 5.1.4",
    pattern=r"[a-z][a-z0-9+.-]{1,20}://[^\s/?#]{0,255}[/?#][^\s]|(?:www\.)[a-z0-9.-]{1,120}/[^\s]",
    bounded=False,
    probe=r"[a-z]://|www\.",
    keys=(
        "url",
        "currenturl",
        "pageurl",
        "link",
        "deeplink",
        "uri",
        "href",
        "initialurl",
        "landingpage",
        "shareurl",
        "invitelink",
    ),
    hits=(
        "https://cdn.example.com/videos/4411",
        "kidapp://profile/4411",
        "http://example.com?x=1",
        "www.example.com/mia",
    ),
    misses=("https://", "a//b", "and/or", "3://4"),
)
