"""A picture, a recording or a file: data URI, signed storage URL, storage path, or a URL of such a file."""

from pipeline.detect.detector import Detector, Kind

_ENDINGS = "jpe?g|png|gif|webp|heic|heif|bmp|tiff?|mp4|m4v|mov|webm|3gp|avi|mkv|mp3|m4a|wav|aac|ogg|opus|amr|flac|pdf"

DETECTOR = Detector(
    name="media",
    kind=Kind.MEDIA,
    law="16 CFR 312.2 PI (8), (9)",
    pattern=(
        r"data:[a-z]{1,16}/[a-z0-9.+-]{1,40}[;,]"
        r"|(?:s3|gs|gcs|abfss?|content|file|ph|assets-library|blob)://?[^\s]"
        r"|[?&](?:x-amz-[a-z]{3,20}|x-goog-[a-z]{3,20}|googleaccessid|awsaccesskeyid|expires|se|sv|sp|alt)=[^\s&]"
        r"|(?:firebasestorage|storage|s3)[a-z0-9.-]{0,40}\.(?:googleapis|amazonaws)\.com/|blob\.core\.windows\.net/"
        r"|/(?:storage|sdcard|data/user|var/mobile|private/var|Users|DCIM)/[^\s]"
        rf"|[^\s/?&=\"'<>]{{1,80}}\.(?:{_ENDINGS})(?:[?#&\s\"',;)]|$)"
    ),
    bounded=False,
    probe=(
        r"data:[a-z]|://?[^\s]|[?&][a-z-]{2,20}=|\.com/|windows\.net/|/(?:storage|sdcard|data/user|var/mobile|private/var|users|dcim)/"
        rf"|\.(?:{_ENDINGS})[?#&\s\"',;)|]"
    ),
    keys=(
        "photo",
        "photourl",
        "image",
        "imageurl",
        "avatar",
        "avatarurl",
        "picture",
        "profilepicture",
        "profilephoto",
        "selfie",
        "thumbnail",
        "thumbnailurl",
        "videofile",
        "videourl",
        "audio",
        "audiourl",
        "recording",
        "voicenote",
        "mediaurl",
        "media",
        "objectkey",
        "filename",
        "filepath",
        "file",
        "attachment",
        "exif",
        "screenshot",
        "phash",
        "perceptualhash",
        "drawing",
    ),
    hits=(
        "data:image/png;base64,iVBORw0KGgo=",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=ab12",
        "gs://bucket/kids/mia",
        "https://firebasestorage.googleapis.com/v0/b/app/o/x?alt=media&token=1",
        "/storage/emulated/0/DCIM/1",
        "IMG_2231.jpg",
        "https://storage.googleapis.com/b/o?GoogleAccessId=a&Expires=1&Signature=b",
        "file:///var/mobile/x",
    ),
    misses=("data: none", "a.b", "my jpg", "the file is gone", "png"),
)
