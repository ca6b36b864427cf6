"""Updates of profiles and groups in the load, and how each is known again where it arrives.

Mixpanel knows no copies of updates, so each that is published is one of its own: no person has two of one second, and
no two name the same group. What arrives is told apart by path, person or group, second, and a digest of all of it.
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from random import Random
from typing import Any, Final

import msgspec

from pipeline.core.profile_update import OPERATORS
from pipeline.policy.compiled import CompiledPolicy, EventPlan
from pipeline.policy.registry import compile_profile
from pipeline.sandbox.people import Player
from pipeline.sandbox.plants import Plants
from pipeline.schemas import Schema, load_schema
from pipeline.workers import context

PATHS: Final = frozenset({"/engage", "/groups"})
CLUB: Final = "club"
"""A kind of group, which the shipped registry has none of."""
_CLUB_SPEC: Final = {
    "description": "For the chaos suite.",
    "type": "string",
    "pattern": "^[a-z]{16}$",
    "x-class": "operational",
    "x-cohorts": ["adult"],
}
_ADULTS, _GROUPS, _WRONG = 0.9, 0.2, 0.1  # shares of the updates
_WORLDS: Final = ("jungle", "ocean", "space", "city")
_encoder: Final = msgspec.json.Encoder(order="sorted")

Key = tuple[str, str, int, str]


def load_with_clubs(name: str) -> Schema:
    """Load a schema as `load_schema` does; that of profiles registers clubs."""
    schema = load_schema(name)
    if name != "profile":
        return schema
    return schema | {"properties": schema["properties"] | {CLUB: _CLUB_SPEC}, "x-group-keys": [CLUB]}


def register_clubs() -> None:
    """Let this whole process take updates of clubs: for the workers."""
    setattr(context, "load_schema", load_with_clubs)  # noqa: B010 - its own name for it, which it does not lend


def profiles_with_clubs(policy: CompiledPolicy) -> EventPlan:
    """Return what such a worker lets profiles and groups hold."""
    return compile_profile(load_with_clubs("profile"), load_schema("mixpanel-defaults"), policy)


def update_key(update: Mapping[str, Any]) -> Key:
    """Return what tells an update, without its token, from every other. The second field is a person's pseudonym."""
    digest = blake2b(_encoder.encode(update), digest_size=8).hexdigest()
    if "$group_key" in update:
        return "/groups", update["$group_id"], update["$time"], digest
    return "/engage", update["$distinct_id"], update["$time"], digest


def put_together(messages: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Make updates of messages, of which there is one for each operator, next to each other; tokens are taken off."""
    whole: dict[str, Any] = {}
    head: dict[str, Any] = {}
    for message in messages:
        own = {name: value for name, value in message.items() if name not in OPERATORS and name != "$token"}
        operations = {name: value for name, value in message.items() if name in OPERATORS}
        if own != head or not whole.keys().isdisjoint(operations):
            if whole:
                yield whole
            whole, head = dict(own), own
        whole |= operations
    if whole:
        yield whole


def id_of(update: Mapping[str, Any]) -> str:
    """Return what stands for an event id, for an update as it is published."""
    return f"{update['coppice']['profile_id']}@{update['$time']}"


class Updates:
    """Makes updates: mostly of adults, one in ten not to be delivered. personal data is planted in all."""

    def __init__(self, random: Random, players: Iterable[Player]) -> None:
        self._random = random
        self._players = list(players)
        self._adults = [player for player in self._players if player.band == "adult"]
        self._last_s: dict[str, int] = {}

    def make(self, now_ms: int) -> tuple[dict[str, Any], list[str]]:
        """Return an update that happens now, or a little later, and every personal text that was planted in it."""
        random = self._random
        player = random.choice(self._adults if random.random() < _ADULTS else self._players)
        time_s = self._last_s[player.profile_id] = max(now_ms // 1000, self._last_s.get(player.profile_id, 0) + 1)
        update: dict[str, Any] = {
            "$token": "of the client",
            "$time": time_s,
            "coppice": {"profile_id": player.profile_id, "region": player.region, "received_at": now_ms},
        }
        if random.random() < _GROUPS:
            update |= {"$group_key": CLUB, "$group_id": "".join(random.choices(string.ascii_lowercase, k=16))}
        else:
            update["$distinct_id"] = player.device_id
        plants = Plants(random)
        for operator in random.sample(("$set", "$set_once", "$union", "$unset"), random.randint(1, 3)):
            update[operator] = self._operand(operator)
            if operator.startswith("$set"):
                plants.add_to(update[operator], player.band)
        if random.random() < _WRONG:
            update |= random.choice(({"$add": {"levels_completed": 1}}, {"$teleport": {}}, {"$union": {"worlds": 1}}))
        return update, [*plants.planted, player.profile_id, player.device_id]

    def _operand(self, operator: str) -> Any:
        random = self._random
        if operator == "$union":
            return {"worlds": random.sample(_WORLDS, random.randint(1, 3))}
        if operator == "$unset":
            return random.sample(("plan", "worlds", "app_language", "nobody_registered_this"), 2)
        given = {
            "plan": random.choice(("free", "family", "school")),
            "levels_completed": random.randint(0, 500),
            "notifications_enabled": bool(random.getrandbits(1)),
        }
        return {name: given[name] for name in random.sample(sorted(given), random.randint(1, 3))}
