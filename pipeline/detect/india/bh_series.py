"""BH series: registration mark of vehicles whose owners move between India's states.

Two digits of the year, the letters BH, four digits, one or two letters without I and O.
Source: Central Motor Vehicles (Twentieth Amendment) Rules 2021, rule 47.
"""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="bh_series",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern="[0-9]{2}[ .-]?bh[ .-]?[0-9]{4}[ .-]?[a-hj-np-z]{1,2}",
    hits=("22 BH 6517 A", "22BH6517A", "30-BH-1234-AB"),
    misses=("22 BI 6517 A", "22 BH 651 A", "22 BH 6517 I"),
)
