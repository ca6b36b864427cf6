"""Push token: where one device is reached. APNs gives 64 or more hex digits, FCM a name, APA91 and a tail."""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="push_token",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (3), (7)",
    pattern="[0-9a-z_-]{8,64}:APA91[0-9a-z_-]{8,64}|ExponentPushToken\\[[0-9a-z_-]{8,64}|[0-9a-f]{40,200}",
    bounded=False,
    probe=":APA91|ExponentPushToken|[0-9a-f]{20}",
    keys=(
        "pushtoken",
        "fcmtoken",
        "apnstoken",
        "devicetoken",
        "gcmtoken",
        "registrationtoken",
        "registrationid",
        "iosdevices",
        "androiddevices",
        "notificationtoken",
        "expopushtoken",
        "onesignalid",
        "playerpushid",
        "voiptoken",
    ),
    hits=(
        "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad",
        "dQw4w9WgXcQ:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ-hQMRKRrZuJAEcl7B338qju59zJMjw2DELjzEvxwYv7hH5Ynpc1ODQ0aT4",
        "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
    ),
    misses=("deadbeef", "740f4707bebcf74f9b7c", "level:APA9"),
)
