"""Ids of devices, networks and sessions."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.common import (
    advertising_id,
    click_id,
    credential,
    device_serial,
    iccid,
    imei,
    imsi,
    ip_address,
    mac,
    push_token,
    uuid,
)
from pipeline.detect.engine import scan
from tests.detect.tables import DetectorTests, Table

APNS = "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"


class TestUuid(DetectorTests):
    table = Table(
        uuid.DETECTOR,
        alone=(
            "4EC9521C-94C0-4053-A145-66E69A4F17B6",
            "4ec9521c-94c0-4053-a145-66e69a4f17b6",
            "4ec9521c94c04053a14566e69a4f17b6",
            "4ec9521c_94c0_4053_a145_66e69a4f17b6",
        ),
        ordinary=("4EC9521C-94C0-4053", "deadbeef-cafe", "12345678901234567890123456789012"),
        keys=("$device_id", "device_id", "install_id", "distinct_id", "user_id"),
    )


class TestAdvertisingId(DetectorTests):
    table = Table(
        advertising_id.DETECTOR,
        keys=(
            "aaid",
            "gaid",
            "IDFA",
            "idfv",
            "$ios_ifa",
            "advertisingId",
            "app_set_id",
            "appsflyer_id",
            "adjust-id",
            "firebase_instance_id",
        ),
    )


class TestImei(DetectorTests):
    table = Table(
        imei.DETECTOR,
        alone=(
            "356938035643809",
            "3569 3803 5643 809",
            "3569-3803-5643-809",
            "3569.3803.5643.809",
            "35-693803-564380-9",
        ),
        named=(("imei {}", "356938035643808"), ("IMEI: {}", "3569380356438091")),
        ordinary=("356938035643808", "35693803564380"),
        keys=("imei", "deviceImei", "IMEI2"),
    )


class TestImsi(DetectorTests):
    table = Table(
        imsi.DETECTOR,
        alone=("310150123456789", "404201234567890", "405-20-1234567890"),
        named=(("imsi {}", "208150123456789"),),
        ordinary=("208150123456789",),
        keys=("imsi", "subscriber_id"),
    )


class TestIccid(DetectorTests):
    table = Table(
        iccid.DETECTOR,
        alone=("8991101200003204510", "89014103211118510720", "8991 1012 0000 3204 510"),
        ordinary=("899110120000320451", "7991101200003204510"),
        keys=("iccid", "simSerialNumber"),
    )


class TestMac(DetectorTests):
    table = Table(
        mac.DETECTOR,
        alone=("3D:F2:C9:A6:B3:4F", "3d-f2-c9-a6-b3-4f", "3df2.c9a6.b34f", "12:34:56:78:90:12"),
        ordinary=("10:30:00", "3D:F2:C9", "12 34 56 78 90 12", "1234.5678.9012"),
        keys=("mac", "mac_address", "bssid", "wifiMac"),
    )


class TestDeviceSerial(DetectorTests):
    table = Table(
        device_serial.DETECTOR,
        named=(("android id {}", "9774d56d682e549c"), ("serial number {}", "R58M12ABCDE")),
        ordinary=("9774d56d682e549c is nothing", "serial killer whale"),
        keys=("android_id", "serial", "SSID", "deviceName", "build_serial"),
    )


class TestIp(DetectorTests):
    table = Table(
        ip_address.DETECTOR,
        alone=(
            "114.151.36.141",
            "10.0.0.1",
            "192.168.001.010",
            "2001:db8:250b:6a4b:25f5:4a7:feb9:2c0e",
            "fe80::1ff:fe23:4567:890a",
            "::ffff:192.0.2.128",
            "2001:DB8::1",
            "1.2.3.4",
        ),
        ordinary=(
            "18.2.1",
            "version 1.2.3.4",
            "os 10.0.19045.1",
            "v1.2.3.4",
            "300.1.1.1",
            "10:30:00",
            "std::vector",
            "add::face",
            "::",
        ),
        keys=("ip", "$ip", "client_ip", "X-Forwarded-For", "remoteAddr"),
    )


@given(st.ip_addresses(v=4).map(str))
def test_every_ipv4_address(address: str) -> None:
    assert scan(f"from {address}:8080").findings


@given(st.ip_addresses(v=6).filter(lambda address: int(address) >> 96))
def test_every_ipv6_address(address: ipaddress.IPv6Address) -> None:
    for form in (address.compressed, address.exploded, address.exploded.upper()):
        if len(form.replace("::", ":").strip(":").split(":")) > 2:
            assert scan(f"from [{form}]:443").findings


class TestPushToken(DetectorTests):
    table = Table(
        push_token.DETECTOR,
        alone=(
            APNS,
            APNS.upper(),
            "dQw4w9WgXcQ:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ",
            "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
        ),
        ordinary=("deadbeef", "abcdef0123456789abcd"),
        keys=("push_token", "fcmToken", "$ios_devices", "registration_id"),
    )


class TestCredential(DetectorTests):
    table = Table(
        credential.DETECTOR,
        alone=(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtaWEifQ.c2lnbmF0dXJl",
            "sk_live_51H8abcdEFGH",
            "https://mia:pa55@example.com/x",
        ),
        ordinary=("my password is hard to guess", "the token = fun", "monkey=banana", "session 3 was fun"),
        keys=("token", "access_token", "sessionId", "cookie", "Authorization", "password"),
    )


class TestClickId(DetectorTests):
    table = Table(
        click_id.DETECTOR,
        alone=("gclid=EAIaIQobChMI", "utm_source=google&utm_campaign=diwali", "fbclid=IwAR0x"),
        ordinary=("utm campaign", "a=b", "gclid"),
        keys=("gclid", "fbclid", "install_referrer", "utm_term", "$referrer"),
    )
