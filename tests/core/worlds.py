"""A small world to judge events in: policies, a registry, keys, consent records and raw events."""

import copy
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from pipeline.core.consent import ConsentFault, ConsentRecord, parse_consent
from pipeline.core.context import Context, Project
from pipeline.core.identity import KeyRing, RegionKeys
from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome
from pipeline.core.sanitize import sanitize
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.compiling import load_policy
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, Space
from pipeline.schemas import load_schema

NOW = 1_795_600_000_000  # 2026-11-25T09:46:40Z
HOUR, DAY = 3_600_000, 86_400_000
SANDBOX = Path(__file__).parents[2] / "pipeline" / "sandbox"
SAMPLES = SANDBOX / "samples"
DEMO_FILE = SANDBOX / "demo-settings.yaml"
LIBRARY = ("python", "5.4.1")
FIXED_KEYS = {"token", "distinct_id", "time", "$insert_id", "mp_lib", "$lib_version", "ip"}
PROJECTS = {Region.US: Project("11", "token-us"), Region.IN: Project("22", "token-in")}
KEYS = KeyRing({
    region: RegionKeys.single({space: f"{region}/{space}".encode() * 4 for space in Space}, f"{region}/ids".encode())
    for region in Region
})  # fmt: skip

Consents = dict[str, ConsentRecord | ConsentFault]

# One event for each purpose; properties that only some cohorts may keep, one of each kind of check.
_PROPERTIES: dict[str, Any] = {
    "level": {"type": "integer", "minimum": 1, "maximum": 500, "x-class": "gameplay"},
    "world": {"type": "string", "enum": ["jungle", "ocean"], "x-class": "gameplay"},
    "code": {"type": "string", "pattern": "^[a-z]{1,8}$", "x-class": "gameplay"},
    "share": {"type": "number", "minimum": 0, "maximum": 1, "x-class": "gameplay"},
    "won": {"type": "boolean", "x-class": "gameplay"},
    "extras": {
        "type": "array",
        "items": {"type": "string", "enum": ["hint", "boost"]},
        "maxItems": 3,
        "x-class": "gameplay",
    },
    "guild": {"type": "string", "enum": ["red", "blue"], "x-class": "gameplay", "x-cohorts": ["teen", "adult"]},
    "network": {"type": "string", "enum": ["wifi"], "x-class": "network", "x-cohorts": ["adult"]},
    "phrase": {"type": "string", "pattern": "^[a-z]+(_[a-z0-9]+){0,4}$", "x-class": "gameplay"},
    "note": {"type": "string", "maxLength": 20, "x-class": "free_text", "x-cohorts": ["adult"]},
    "link": {"type": "string", "x-class": "url", "x-cohorts": ["adult"]},
    "page": {
        "type": "string",
        "x-class": "url",
        "x-cohorts": ["adult"],
        "x-routes": ["/help", "play.example.com/levels/{n}"],
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {
    purpose: {
        "title": purpose,
        "type": "object",
        "x-purpose": purpose,
        "properties": _PROPERTIES,
        "additionalProperties": False,
    }
    | ({"x-operation": "session_health"} if purpose == "essential" else {})
    for purpose in ("essential", "analytics", "marketing", "ai_training")
}
GOOD = {
    "level": 7,
    "world": "ocean",
    "code": "abc",
    "share": 0.5,
    "won": True,
    "extras": ["hint"],
    "guild": "red",
    "network": "wifi",
}
KEPT = {
    "child": {"level", "world", "code", "share", "won", "extras"},
    "teen": {"level", "world", "code", "share", "won", "extras", "guild"},
    "adult": {"level", "world", "code", "share", "won", "extras", "guild", "network"},
}

_GATE = {"document": "D-1", "until": "2099-12-31"}
_NOTICES = {"us_child": ["2026-04"], "us_teen": ["2026-04"], "us_adult": ["2026-04"], "in_adult": ["2026-04"]}
GATES = ("us_child", "us_teen", "us_adult", "us_unknown", "in_adult")
# Everything that the operator may answer permissively, answered so.
PERMISSIVE: dict[str, Any] = {
    "coppa": {"audience": "mixed", "apply_to_foreign_children": False},
    "us_child": {"internal_ops_to_mixpanel": True},
    "us_teen": {"profile": "teen"},
    "us_adult": {"analytics": "opt_out"},
    "apple": {"kids_rules": False},
    "region": {"processing_location": "shared"},
    "mixpanel": {"coppa_role": "internal_ops_provider"},
    "vendor_gate": dict.fromkeys(GATES, _GATE),
    "age_sources": {"us": ["age_screen", "self_declared", "id_document", "parent_link"]},
    "india": {"adult_sources": ["age_screen", "self_declared", "id_document", "parent_link"]},
    "consent": {"notice_versions": _NOTICES},
}
OPEN: dict[str, Any] = PERMISSIVE | {
    "us_child": {"internal_ops_to_mixpanel": False},
    "us_adult": {"analytics": "opt_in"},
    "mixpanel": {"coppa_role": "third_party"},
    "india": {"adult_sources": ["id_document"]},
}
"""Gates open and the audience mixed, every other answer the conservative one."""


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested mappings over others; a mapping merges, everything else is replaced."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def policy_of(*overlays: Mapping[str, Any]) -> CompiledPolicy:
    """Load the shipped policy with settings over it, through a YAML file as an operator would write it."""
    total: dict[str, Any] = {}
    for overlay in overlays:
        total = merged(total, overlay)
    return _loaded(json.dumps(total, sort_keys=True))


@cache
def _loaded(settings: str) -> CompiledPolicy:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "settings.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML().dump(json.loads(settings), file)
        return load_policy(path if json.loads(settings) else None)


DEFAULTS = load_schema("mixpanel-defaults")
_registries: dict[Any, Registry] = {}


def registry_of(policy: CompiledPolicy) -> Registry:
    """Compile the registry of this world; policies that say the same of every class share one."""
    key = (policy.teen_list, frozenset(policy.classes.items()))
    if key not in _registries:
        _registries[key] = compile_registry(SCHEMAS, DEFAULTS, policy)
    return _registries[key]


def context_of(policy: CompiledPolicy, *, registry: Registry | None = None, now_ms: int = NOW) -> Context:
    rules = registry if registry is not None else registry_of(policy)
    return Context(policy, rules, KEYS, PROJECTS, LIBRARY, now_ms)


def raw_event(**fields: Any) -> dict[str, Any]:
    """Make an event that can be judged; fields of any name are laid over the usual ones."""
    event = {
        "event": "analytics",
        "event_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "time": NOW - HOUR,
        "received_at": NOW - HOUR + 800,
        "profile_id": "profile-0001",
        "device_id": "device-0001",
        "region": "US",
        "platform": "android",
        "properties": dict(GOOD),
    }
    return event | fields


def without(event: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


_RECORD: dict[str, Any] = {
    "profile_id": "profile-0001",
    "consent_id": "consent-0001",
    "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
    "notice_version": "2026-04",
    "language": "en",
    "granted_at": NOW - 30 * DAY,
}
RECORDS: dict[str, dict[str, Any]] = {
    "US/child": _RECORD
    | {
        "region": "US",
        "age": {"band": "child", "source": "parent_link"},
        "grantor": {"role": "parent", "adult_verified": True},
        "method": "card_payment",
    },
    "US/teen": _RECORD
    | {
        "region": "US",
        "age": {"band": "teen", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
    },
    "US/adult": _RECORD
    | {
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
    },
    "IN/child": _RECORD
    | {
        "region": "IN",
        "age": {"band": "child", "source": "parent_link"},
        "grantor": {"role": "parent", "adult_verified": True},
        "method": "digilocker",
    },
    "IN/adult": _RECORD
    | {
        "region": "IN",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "digilocker",
    },
}


def record_of(cohort: str, **changes: Any) -> dict[str, Any]:
    """Return the consent record of a cohort that unlocks it, with changes merged in."""
    return merged(RECORDS[cohort], changes)


def consents_of(*records: Mapping[str, Any]) -> Consents:
    """Read records as the consent topic delivers them."""
    return {r["profile_id"]: parse_consent(r["profile_id"].encode(), json.dumps(r).encode()) for r in records}


@dataclass(frozen=True)
class World:
    """A context and the consent in it."""

    context: Context
    consents: Consents

    def judge(self, value: Any) -> list[Outcome]:
        """Judge a JSON value, or raw bytes as they are."""
        raw = value if isinstance(value, bytes) else encode(value)
        return sanitize(raw, self.consents, self.context)

    def one(self, value: Any) -> Outcome:
        (outcome,) = self.judge(value)
        return outcome

    def clean(self, value: Any) -> dict[str, Any]:
        """Judge one event that must leave, and return its properties at Mixpanel."""
        outcome = self.one(value)
        assert isinstance(outcome, Clean), outcome
        properties: dict[str, Any] = json.loads(outcome.value)["properties"]
        return properties


def world(*overlays: Mapping[str, Any], records: tuple[Mapping[str, Any], ...] = (), now_ms: int = NOW) -> World:
    return World(context_of(policy_of(*overlays), now_ms=now_ms), consents_of(*records))


def adult_world() -> World:
    """Return a world where the usual event of the usual US adult leaves."""
    return world(OPEN, records=(RECORDS["US/adult"],))


def fate(outcome: Outcome) -> tuple[DropReason, Cohort]:
    """Return why an event that must not leave stays, and whose it is."""
    assert isinstance(outcome, Dropped), outcome
    return outcome.reason, outcome.cohort


def stripped(outcome: Outcome) -> Counter[str]:
    """Count what stayed behind of an event that left, by class: by its name alone, and because of its value."""
    assert isinstance(outcome, Clean), outcome
    return Counter(dict(outcome.ruling.stripped)) + Counter(outcome.lost)


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def kept(outcome: Outcome) -> dict[str, Any]:
    """Return the client's properties that leave, in the form they leave in; nothing for an event that does not."""
    if not isinstance(outcome, Clean):
        return {}
    properties = json.loads(outcome.value)["properties"]
    return {name: value for name, value in properties.items() if name not in FIXED_KEYS}


def kept_names(outcome: Outcome) -> set[str]:
    return set(kept(outcome))


def acting(policy: CompiledPolicy, kind: PropertyClass, action: Action, *cohorts: Cohort) -> CompiledPolicy:
    """Return a policy that does something else with a class, in some cohorts or in all."""
    changed = {(c, kind): replace(policy.classes[c, kind], action=action) for c in cohorts or Cohort}
    return replace(policy, classes={**policy.classes, **changed})
