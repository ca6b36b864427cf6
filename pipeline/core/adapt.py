"""Turn what Mixpanel's SDKs send into the raw-event envelope, before anything is judged.

Pure. A record may be the body of an SDK's request (base64, or a form with a field `data`), and an event or profile
update may have the form of its messages. Who it is about and when a server received it comes from the property
`coppice` or from the record's Kafka headers, never from the ids that an SDK chose (docs/mixpanel-input.md).
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from collections.abc import Iterable
from typing import Any

from pipeline.core.envelope import LONGEST_ID
from pipeline.core.identity import FORBIDDEN_IDS
from pipeline.core.outcome import Rejected, RejectReason
from pipeline.core.profile_update import UPDATE, is_profile_update, read_update
from pipeline.core.session import metadata_of
from pipeline.core.survey import ENVELOPE
from pipeline.policy.vocabulary import PROFILE_UPDATE

Headers = Iterable[tuple[str, bytes | None]]

COPPICE = "coppice"
FIELDS = frozenset({"profile_id", "region", "received_at", "age", "platform", "gpc"})
HEADERS = {"profile-id": "profile_id", "region": "region", "received-at": "received_at"}
OWN = ENVELOPE - {"event", "properties"}  # an event that has one of these says for itself whose it is

FORM = re.compile(rb"[a-z_]{1,16}=")
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
ALPHABET = bytes.maketrans(b" -_", b"++/")  # form decoding makes + a space; - and _ are the URL-safe + and /


def is_foreign(event: dict[str, Any]) -> bool:
    """Say whether something without a `profile_id` has the form of an SDK's event or profile update."""
    shaped = "properties" in event if "event" in event else is_profile_update(event)
    return shaped and event.keys().isdisjoint(OWN)


def adapt(event: dict[str, Any], headers: Headers = ()) -> dict[str, Any] | Rejected:
    """Return an SDK's event or profile update as a raw event, or say which field cannot be read.

    What an SDK puts beside the properties stays beside them, and every property but `coppice` and `time` in its place:
    none is registered there, and all of it counts for what the event reveals about somebody's age (R01).
    """
    if "event" not in event:
        return _adapt_update(event, headers)
    properties = event.get("properties")
    if type(properties) is not dict:
        properties = {}
    fields = _fields(properties.get(COPPICE), headers)
    if isinstance(fields, Rejected):
        return fields
    adapted = event | fields
    adapted["time"] = properties.get("time")
    adapted["event_id"] = _event_id(event, properties)
    if "properties" in event and type(event["properties"]) is dict:
        adapted["properties"] = {name: properties[name] for name in properties if name not in {COPPICE, "time"}}
    return adapted


def unwrap(raw: bytes) -> bytes | None:
    """Return the JSON in an SDK's request body: base64, or a form's field `data`. None when there is none in it.

    One layer is taken off, never more. The alphabet may be the URL-safe one, padding may be missing, and spaces may
    stand for `+`.
    """
    text = raw.strip()
    if FORM.match(text):
        fields = b"&" + text
        if fields.count(b"&data=") != 1:
            return None
        data = fields.partition(b"&data=")[2].partition(b"&")[0]
        text = _unescaped(data.replace(b"+", b" ")).strip()
        if not text or _is_json(text):
            return text
    text = text.translate(ALPHABET, b"\r\n").rstrip(b"=")
    try:
        found = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except Base64Error:
        return None
    return found if _is_json(found) else None


def count_keys(value: dict[str, Any] | list[Any]) -> int:
    """Return how many keys all objects of an event, or of an array of them, have together."""
    count = 0
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        for node in level:
            values = node
            if type(node) is dict:
                count += len(node)
                values = node.values()
            below += [value for value in values if type(value) is dict or type(value) is list]
        level = below
    return count


def _is_json(text: bytes) -> bool:
    return text.lstrip()[:1] in {b"{", b"["}


def _unescaped(text: bytes) -> bytes:
    """Decode percent escapes; a text that has others in it is none that an SDK wrote, and is left as it is.

    Quoted-printable differs in its sign only and is decoded in C: 50 times as fast as urllib, whose time on a megabyte
    of escapes would hold up everybody's events.
    """
    if b"%" not in text or BAD_ESCAPE.search(text):
        return text
    return a2b_qp(text.replace(b"=", b"%3D").replace(b"%", b"="))


def _adapt_update(event: dict[str, Any], headers: Headers) -> dict[str, Any] | Rejected:
    update = read_update(event)
    if isinstance(update, Rejected):
        return update
    fields = _fields(event.get(COPPICE), headers)
    if isinstance(fields, Rejected):
        return fields
    return fields | {
        "event": PROFILE_UPDATE,
        "time": fields["received_at"] if event.get("$time") is None else event["$time"],
        "properties": update.operations,
        UPDATE: update,
    }


def _fields(given: Any, headers: Headers) -> dict[str, Any] | Rejected:
    """Gather the envelope from `coppice` and the headers. A field that both have must be the same in both.

    A field of another name is refused: a misspelt `age` must not pass for "nothing is known".
    """
    if given is None:
        given = {}
    if type(given) is not dict or not given.keys() <= FIELDS:
        return Rejected(RejectReason.WRONG_TYPE, COPPICE)
    fields: dict[str, Any] = {"profile_id": None, "received_at": None} | given
    for header, content in headers:
        name = HEADERS.get(header)
        if name is None or content is None:
            continue
        try:
            text = content.decode().strip()
        except UnicodeDecodeError:
            return Rejected(RejectReason.WRONG_TYPE, name)
        stated = fields.get(name)
        if stated is not None and (type(stated) not in {str, int} or str(stated).strip() != text):
            return Rejected(RejectReason.WRONG_TYPE, name)
        fields[name] = text
    return fields


def _event_id(event: dict[str, Any], properties: dict[str, Any]) -> str | None:
    """Return what tells the event from every other: `$insert_id`, else the id that mobile SDKs put into `$mp_metadata`.

    Any text will do, since ours is made by hashing it. None where a broken client wrote one that it writes always.
    """
    for given in (properties.get("$insert_id"), metadata_of(event).get("$mp_event_id")):
        text = str(given).strip() if type(given) in {str, int} else ""
        if text.lower() not in FORBIDDEN_IDS and len(text) <= LONGEST_ID:
            return text
    return None
