"""Places, payment cards, pictures, links and bodies."""

from pipeline.detect.common import biometric, coordinates, geohash, media, payment_card, place, plus_code, url
from pipeline.detect.engine import scan
from tests.detect.tables import DetectorTests, Table


class TestCoordinates(DetectorTests):
    table = Table(
        coordinates.DETECTOR,
        alone=(
            "18.5204303,73.8567437",
            "18.520, 73.857",
            "-33.8688 151.2093",
            "18.5204° N, 73.8567° E",
            "18°31'13\"N 73°51'24\"E",
        ),
        ordinary=(
            "1.234 s, 2.345 s",
            "59.940 59.940",
            "18.5, 73.8",
            "x=12.5 y=77.25",
            "3.14159",
            "1,499.000",
            "200.123, 300.456",
        ),
        keys=("lat", "lon", "$latitude", "$longitude", "lng", "userLocation", "gps"),
    )


class TestPlusCode(DetectorTests):
    table = Table(
        plus_code.DETECTOR,
        alone=("7JCMGRJ5+2X", "GRJ5+2X", "///filled.count.soap"),
        ordinary=("2+2", "2222+33", "word+xx"),
        keys=("plus_code", "what3words"),
    )


class TestGeohash(DetectorTests):
    table = Table(
        geohash.DETECTOR,
        named=(("geohash {}", "tek3v9q"),),
        ordinary=("tek3v9q", "geohash is cool"),
        keys=("geohash", "cell_id", "h3Index"),
    )


class TestPlace(DetectorTests):
    table = Table(place.DETECTOR, keys=("$city", "city", "home_town", "timezone", "metro_code"))


class TestPaymentCard(DetectorTests):
    table = Table(
        payment_card.DETECTOR,
        alone=(
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "378282246310005",
            "3782 822463 10005",
            "2221000000000009",
            "6521111111111110",
            "3530111333300000",
        ),
        named=(("card {}", "4111111111111112"), ("कार्ड {}", "4111 1111 1111 1112")),
        ordinary=("4111111111111112", "1795600000000", "1000 2000 3000 4000", "1234567890123456"),
        keys=("card_number", "creditCard", "cvv"),
    )


class TestMedia(DetectorTests):
    table = Table(
        media.DETECTOR,
        alone=(
            "data:image/png;base64,iVBORw0KGgo=",
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=ab12",
            "gs://bucket/kids/mia",
            "https://firebasestorage.googleapis.com/v0/b/app/o/x?alt=media&token=1",
            "/storage/emulated/0/DCIM/1",
            "IMG_2231.jpg",
        ),
        ordinary=("the file is gone", "png", "my jpg", "data: none"),
        keys=("photo", "avatar_url", "thumbnail", "voiceNote", "object_key", "file-name"),
    )


class TestUrl(DetectorTests):
    table = Table(
        url.DETECTOR,
        alone=(
            "https://cdn.example.com/videos/4411",
            "kidapp://profile/4411",
            "http://example.com?x=1",
            "www.example.com/mia",
        ),
        ordinary=("https is cool", "and/or", "a//b"),
        keys=("url", "$current_url", "deep_link", "href"),
    )


class TestBiometric(DetectorTests):
    table = Table(
        biometric.DETECTOR,
        named=(("{}", "Ab0+" * 60), ("{}", ", ".join(["0.125"] * 64)), ("[{}]", "1,2,3,4," * 20 + "5")),
        ordinary=(", ".join(["0.125"] * 60), "Ab0+" * 10),
        keys=("face_embedding", "template", "voicePrint", "embedding", "accelerometer"),
    )


def test_a_signed_url_goes_whole() -> None:
    text = "see https://storage.googleapis.com/kids/mia/cat?GoogleAccessId=a&Expires=1&Signature=b%2Bc ok"
    seen = scan(text)
    assert [seen.text[f.start : f.end] for f in seen.findings] == [text[4:-3].replace("%2B", "+")]
