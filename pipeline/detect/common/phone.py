"""Telephone number of any other country, in international form (ITU-T E.164); and whatever a key calls one."""

from pipeline.detect.common.phone_words import PHONE
from pipeline.detect.detector import Detector, Kind, Strength

DETECTOR = Detector(
    name="phone",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (5); DPDP Act 2(t)",
    pattern=r"\+[1-9](?:[ .()/-]{0,2}[0-9]){7,14}|tel:\+?[0-9-]{3,20}",
    strength=Strength.CERTAIN,
    words=PHONE,
    probe=r"\+[1-9][ .()/-]{0,2}[0-9][ .()/-]{0,2}[0-9]|tel:",
    keys=(
        "phone",
        "phonenumber",
        "mobile",
        "mobilenumber",
        "mobileno",
        "phoneno",
        "cellphone",
        "cell",
        "telephone",
        "tel",
        "msisdn",
        "contactnumber",
        "contactno",
        "whatsappnumber",
        "sms",
        "smsnumber",
        "landline",
        "fax",
        "parentphone",
        "contact",
    ),
    hits=("+44 20 7946 0958", "+971 50 123 4567", "+12025550123", "tel:+15551234"),
    misses=("+5 points", "2+2=4", "+1,234,567 xp", "+100000"),
)
