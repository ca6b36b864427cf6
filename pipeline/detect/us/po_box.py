"""Post office box: where a person in the US, or in India, gets mail.

The words "P.O. Box" in any spelling, and a number.
Source: USPS Publication 28, section 28.
"""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="po_box",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (2); DPDP Act 2(t)",
    pattern=r"(?:p\.? ?o\.?|post(?:al)? office|post) ?box(?: ?(?:no|number|#)[.:]?)?[ :-]{0,2}#?[0-9]{1,10}",
    keys=("pobox", "postbox", "postofficebox"),
    hits=("P.O. Box 123", "PO Box 4411", "p o box 12", "Post Office Box 99"),
    misses=("box 123", "loot box 5", "PO 123"),
)
