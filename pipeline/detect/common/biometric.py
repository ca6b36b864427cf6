"""What recognises a body: templates, prints, embeddings; and any blob so long that it may be one.

Numbers in a row are judged by the engine, 64 of them are a series. A run of 200 signs of base64 is a blob.
"""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="biometric",
    kind=Kind.BIOMETRIC,
    law="16 CFR 312.2 PI (10); DPDP Act 9(2)",
    pattern=r"[0-9a-z+/_=-]{200}|-?[0-9]{1,9}(?:\.[0-9]{1,12})?(?:[,; ]{1,3}-?[0-9]{1,9}(?:\.[0-9]{1,12})?){63}",
    bounded=False,
    probe=r"[0-9][,;] ?-?[0-9]|[0-9] -?[0-9]{1,9}\.[0-9]|[0-9a-z+/=]{20}",
    keys=(
        "embedding",
        "embeddings",
        "faceembedding",
        "template",
        "facetemplate",
        "voiceprint",
        "faceprint",
        "fingerprinttemplate",
        "irisscan",
        "retina",
        "biometric",
        "biometrics",
        "facegeometry",
        "landmarks",
        "facelandmarks",
        "gait",
        "dna",
        "genome",
        "heartrate",
        "ecg",
        "accelerometer",
        "gyroscope",
        "sensordata",
        "sensors",
        "touchtrace",
        "keystrokes",
        "voicesample",
        "handprint",
        "facevector",
        "vector",
        "featurevector",
    ),
    hits=("iVBORw0KGgoAAAANSUhE" * 10, ", ".join(["0.125"] * 64)),
    misses=("iVBORw0KGgoAAAANSUhE", ", ".join(["0.125"] * 60)),
)
