"""Click ids and campaign parameters, in a URL or an install referrer: they tie a person to an advertisement."""

from pipeline.detect.detector import Detector, Kind

_IDS = (
    "gclid|gclsrc|dclid|gbraid|wbraid|fbclid|ttclid|msclkid|twclid|li_fat_id|sccid|scclid|igshid|yclid|rdt_cid|epik|irclickid|"
    "mc_eid|mc_cid|_ga|_gl|fbp|fbc|utm_[a-z]{2,16}|af_[a-z_]{2,24}|adjust_[a-z_]{2,24}|click_?id|referrer"
)

DETECTOR = Detector(
    name="click_id",
    kind=Kind.MARKETING,
    law="16 CFR 312.2 PI (7); DPDP Act 9(3)",
    pattern=f"(?:{_IDS})=[^\\s&#]",
    bounded=False,
    keys=(
        "gclid",
        "gclsrc",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "ttclid",
        "msclkid",
        "twclid",
        "lifatid",
        "sccid",
        "scclid",
        "igshid",
        "yclid",
        "clickid",
        "irclickid",
        "installreferrer",
        "fbp",
        "fbc",
        "utmterm",
        "utmcontent",
        "utmid",
        "epik",
        "initialreferrer",
        "referrer",
        "referringdomain",
        "initialreferringdomain",
        "mceid",
    ),
    hits=("?gclid=EAIaIQobChMI", "utm_source=google&utm_campaign=diwali", "fbclid=IwAR0x", "af_siteid=12"),
    misses=("gclid", "utm_source", "utm campaign", "a=b"),
)
