"""MAC address, of a device, a Bluetooth beacon or a Wi-Fi access point (BSSID, which says where somebody is)."""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="mac",
    kind=Kind.NETWORK,
    law="16 CFR 312.2 PI (7), (9); Google Play Families policy",
    pattern=(
        r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}"
        r"|[0-9a-f]{2}(?: [0-9a-f]{2}){5}"
    ),
    validate=lambda text: ":" in text or "-" in text or not text.replace(" ", "").replace(".", "").isdigit(),
    probe=r"[0-9a-f][:-][0-9a-f]{2}[:-][0-9a-f]{2}[:-]|\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f](?: [0-9a-f]{2}){3}",
    keys=(
        "mac",
        "macaddress",
        "macaddr",
        "bssid",
        "wifimac",
        "bluetoothaddress",
        "bluetoothmac",
        "btmac",
        "routermac",
        "wlanmac",
    ),
    hits=("3D:F2:C9:A6:B3:4F", "3d-f2-c9-a6-b3-4f", "3df2.c9a6.b34f", "3D F2 C9 A6 B3 4F"),
    misses=("3D:F2:C9:A6:B3", "10:30:00", "12 34 56 78 90 12", "1234.5678.9012"),
)
