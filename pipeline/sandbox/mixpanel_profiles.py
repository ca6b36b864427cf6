"""The stand-in's /engage and /groups without HTTP: judgement of each update, answer, and the profiles that come of it.

Sources: https://docs.mixpanel.com/reference/profile-set and its neighbours, /reference/group-set-property,
/reference/user-profile-limits. Failure is an answer 200 with `error` inside; only 401 and 403 are told by the status.
Where the pages leave room the narrow reading is taken: one operator a message, an array of JSON, nothing compressed.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_answers import TEXT_TYPE, Answer, json_answer
from pipeline.sandbox.mixpanel_body import BodyFault, SizedEvent, read_events
from pipeline.sandbox.mixpanel_faults import Fault, FaultScript
from pipeline.sandbox.mixpanel_import import ImportRequest, Outcome
from pipeline.sandbox.mixpanel_store import REQUEST_GEO

ENGAGE: Final = "/engage"
GROUPS: Final = "/groups"
MAX_UPDATES: Final = 2000
MAX_UPDATE_BYTES: Final = 1_048_576
MAX_BYTES: Final = 2_097_152
GEO: Final = {"$city": REQUEST_GEO["$city"], "$region": REQUEST_GEO["$region"], "$country_code": "US"}

_ROOT: Final = {
    ENGAGE: {"$token", "$distinct_id", "$ip", "$ignore_time", "$time", "$latitude", "$longitude", "$ignore_alias"},
    GROUPS: {"$token", "$group_key", "$group_id", "$time"},  # the `mixpanel` package always sends `$time`
}
_NEEDED: Final = {ENGAGE: ("$token", "$distinct_id"), GROUPS: ("$token", "$group_key", "$group_id")}
_OBJECTS: Final = frozenset({"$set", "$set_once", "$add", "$append", "$union", "$remove"})
_OPERATORS: Final = _OBJECTS | {"$unset", "$delete"}
_ONLY_PEOPLE: Final = frozenset({"$add", "$append"})

Profile = dict[str, Any]
Key = str | tuple[str, str]
"""A person's distinct_id, or the key and id of a group."""


class Applied(NamedTuple):
    """One update that was taken, in the order of arrival. path: /engage or /groups."""

    path: str
    update: Mapping[str, Any]


class ProfilesEndpoint:
    """Keeps profiles and groups. Not safe for threads: the server guards it."""

    def __init__(self, token: str) -> None:
        self.script = FaultScript()
        self.max_bytes = MAX_BYTES
        self.profiles: dict[Key, Profile] = {}
        self.applied: list[Applied] = []
        self.geo_violations: list[Key] = []
        self._token = token

    def handle(self, path: str, request: ImportRequest, fault: Fault) -> Outcome:
        """Answer one request as the service would, except for what `fault` scripts."""
        size = len(request.body)
        if fault.replaces_import:
            return Outcome(fault.answer or answers.wholly_refused("connection closed"), size)
        if size > self.max_bytes:
            return Outcome(answers.too_large(self.max_bytes), size)
        plain = not request.headers.get("content-encoding") and request.content_type == "application/json"
        found = read_events(request.body, request.content_type) if plain else BodyFault.UNREADABLE
        if isinstance(found, BodyFault):
            return Outcome(fault.answer or _told(request, "data, not valid JSON"), size)
        if any(isinstance(each.event.get("$token"), str) and each.event["$token"] != self._token for each in found):
            return Outcome(fault.answer or answers.unauthorized(), size, len(found))
        error = self._judge(path, found, strict=request.query.get("strict") == "1")
        if error is None:
            for each in found:
                self._apply(path, each.event, by_address=request.query.get("ip") != "0")
        return Outcome(fault.answer or _told(request, error), size, len(found))

    def people(self) -> dict[str, Profile]:
        """Return the profiles of people by their distinct_id."""
        return {key: dict(profile) for key, profile in self.profiles.items() if isinstance(key, str)}

    def remove(self, distinct_ids: Collection[str]) -> None:
        """Delete the profiles of these ids; what comes later is kept again."""
        for each in distinct_ids:
            self.profiles.pop(each, None)

    def _judge(self, path: str, updates: list[SizedEvent], *, strict: bool) -> str | None:
        """Say why the request is refused as a whole, with values in it as the service may."""
        if len(updates) > MAX_UPDATES:
            return f"too many updates, limit is {MAX_UPDATES}"
        for size, update in updates:
            error = self.script.refusal(update) or _error(path, update, size)
            if error is not None and (strict or "$token" not in update):
                return f"{error}: {json.dumps(update)[:80]}"
        return None

    def _apply(self, path: str, update: Mapping[str, Any], *, by_address: bool) -> None:
        self.applied.append(Applied(path, update))
        key: Key = update["$distinct_id"] if path == ENGAGE else (update["$group_key"], update["$group_id"])
        (operator,) = update.keys() & _OPERATORS
        if operator == "$delete":
            self.profiles.pop(key, None)
            return
        profile = self.profiles.setdefault(key, {})
        _APPLY[operator](profile, update[operator])
        if path == GROUPS:
            return
        if not update.get("$ignore_time"):
            profile["$last_seen"] = update.get("$time")
        if by_address or update.get("$ip") not in {"0", 0}:  # `?ip=1` beats the update's own
            self.geo_violations.append(key)
            profile.update(GEO)


def _told(request: ImportRequest, error: str | None) -> Answer:
    if request.query.get("verbose") != "1":
        return Answer(200, "1" if error is None else "0", TEXT_TYPE)
    return json_answer(200, {"status": int(error is None), "error": error})


def _error(path: str, update: Mapping[str, Any], size: int) -> str | None:
    if size > MAX_UPDATE_BYTES:
        return "update is too large"
    for name in _NEEDED[path]:
        if not isinstance(update.get(name), str) or not update[name]:
            return f"{name}, missing or empty"
    operators = update.keys() & _OPERATORS
    unknown = update.keys() - _ROOT[path] - _OPERATORS
    if unknown or len(operators) != 1 or (path == GROUPS and operators & _ONLY_PEOPLE):
        return "update must have known keys and one operator"
    (operator,) = operators
    operand = update[operator]
    if operator in _OBJECTS and not isinstance(operand, dict):
        return f"{operator}, not an object"
    if operator == "$unset" and not (isinstance(operand, list) and all(isinstance(name, str) for name in operand)):
        return "$unset, not a list of names"
    if operator == "$union" and not all(isinstance(value, list) for value in operand.values()):
        return "$union, not lists"
    if operator == "$add" and not all(isinstance(value, int | float) for value in operand.values()):
        return "$add, not numbers"
    return None


def _set_once(profile: Profile, operand: Mapping[str, Any]) -> None:
    for name, value in operand.items():
        profile.setdefault(name, value)


def _add(profile: Profile, operand: Mapping[str, Any]) -> None:
    for name, value in operand.items():
        profile[name] = profile.get(name, 0) + value


def _append(profile: Profile, operand: Mapping[str, Any]) -> None:
    for name, value in operand.items():
        profile.setdefault(name, []).append(value)


def _union(profile: Profile, operand: Mapping[str, Any]) -> None:
    for name, values in operand.items():
        found = profile.setdefault(name, [])
        for value in values:
            if value not in found:
                found.append(value)


def _remove(profile: Profile, operand: Mapping[str, Any]) -> None:
    for name, value in operand.items():
        if value in profile.get(name, ()):
            profile[name].remove(value)


def _unset(profile: Profile, operand: list[str]) -> None:
    for name in operand:
        profile.pop(name, None)


_APPLY: Final[Mapping[str, Callable[[Profile, Any], None]]] = {
    "$set": dict.update, "$set_once": _set_once, "$add": _add, "$append": _append, "$union": _union,
    "$remove": _remove, "$unset": _unset,
}  # fmt: skip
