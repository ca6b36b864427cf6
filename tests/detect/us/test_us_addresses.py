"""Street addresses, boxes, postal codes."""

from pipeline.detect.us import po_box, street_address, zip4, zip_code
from tests.detect.tables import DetectorTests, Table


class TestStreetAddress(DetectorTests):
    table = Table(
        street_address.DETECTOR,
        alone=(
            "1600 Pennsylvania Ave",
            "42-B Baker Street",
            "42B Baker St",
            "350 5th Ave, Apt 4B",
            "12 North Lake Shore Dr",
            "7 MG Road",
            "9 St. Mary's Ln",
        ),
        named=(("I live at {}", "10 First Street"), ("address: {}", "5 Star Way"), ("मेरा पता {}", "3 Second Lane")),
        ordinary=(
            "level 3 boss",
            "10 points on the way",
            "5 stars all the way",
            "won 3 races on Rainbow Road",
            "20 minutes to drive",
            "2 players in the court",
            "1 more place",
            "Baker Street",
        ),
        keys=("address", "home_address", "billingAddress", "street"),
    )


class TestPoBox(DetectorTests):
    table = Table(
        po_box.DETECTOR,
        alone=("P.O. Box 123", "PO Box 4411", "p o box 12", "Post Office Box 99", "PO Box #7", "P.O.Box no. 5"),
        ordinary=("box 123", "loot box 5", "xbox 360", "po 123"),
        keys=("po_box",),
    )


class TestZip4(DetectorTests):
    table = Table(
        zip4.DETECTOR,
        alone=("94105-1234", "94105 - 1234"),
        named=(("zip {}", "94105-1234"), ("address, order {}", "94105-1234")),
        ordinary=("94105", "order 94105-1234", "Order #94105-1234", "94105-123"),
        keys=("zip4",),
    )


class TestZipCode(DetectorTests):
    table = Table(
        zip_code.DETECTOR,
        named=(
            ("zip is {}", "94105"),
            ("ZIP code: {}", "02139"),
            ("my address, Boston {}", "02139"),
            ("पता {}", "94105"),
        ),
        ordinary=("94105", "score 12345", "unzip 94105", "zip 9410", "the zip line is 120 m"),
        keys=("zip", "zip_code"),
    )
