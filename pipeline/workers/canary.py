"""Invented people whose events carry what must never leave: proof that the way out is open, and watched (R35).

Each run publishes their consents and an event for every place where the registry allows text, and beside it everything
that careless clients send. What the sanitizer does with them is its own affair; what of it reaches the sink is looked
at there like any other event, and goes no further (`pipeline.deliver.canaries`).
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from pipeline.core.consent import ConsentFault, ConsentRecord, parse_consent
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.deliver.canaries import COHORTS, MARK, VERSION, Plants, plants
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.publish import Publisher, PublishError
from pipeline.schemas import Schema, event_schemas, load_schema
from pipeline.stream.client_config import client_config
from pipeline.stream.topics import CONSENT, DAY_MS, RAW
from pipeline.workers.context import load_rules
from pipeline.workers.trial import trial_context

GRANT_MS: Final = 90 * DAY_MS  # a consent that is older is granted anew; the same run finds the same one
_KAFKA: Final = ("bootstrap.servers",)


class Canaries(NamedTuple):
    """What is published: consent records, and raw events with the key of each."""

    consents: list[dict[str, Any]]
    events: list[dict[str, Any]]


class Expected(NamedTuple):
    """What the rules in force make of the events, by region: how many reach the sink, how many stay behind."""

    reach: Mapping[str, int]
    stay: int


def canaries(settings: Settings, now_ms: int, make_id: Callable[[], str] = lambda: str(uuid.uuid4())) -> Canaries:
    """Return consents and events of every canary, as of a moment in milliseconds since the epoch.

    Raises ConfigError for rules that cannot be used.
    """
    policy, _ = load_rules(settings)
    schemas = event_schemas(settings.policy.registry_dir)
    consents, events = [], []
    for cohort in COHORTS:
        person = plants(settings.deliver.canary_seed, cohort)
        consent = _consent(Cohort(cohort), person, policy, now_ms)
        consents += [consent] if consent is not None else []
        for name, properties in _properties(person, cohort, schemas):
            events.append(_event(cohort, name, properties, person, policy, now_ms, make_id()))
    return Canaries(consents, events)


def expect(settings: Settings, made: Canaries, now_ms: int) -> Expected:
    """Say what becomes of the events. Raises ConfigError if the rules take off the mark that the sink knows them by."""
    policy, registry = load_rules(settings)
    context = trial_context(policy, registry, settings, now_ms)
    known: dict[str, ConsentRecord | ConsentFault] = {}
    for record in made.consents:
        key = record["profile_id"]
        known[key] = parse_consent(key.encode(), msgspec.json.encode(record))
    reach: Counter[str] = Counter(dict.fromkeys(Region, 0))
    for event in made.events:
        for outcome in sanitize(msgspec.json.encode(event), known, context):
            if isinstance(outcome, Clean):
                if MARK not in outcome.value:
                    raise ConfigError(
                        f"canaries cannot be published: the rules for {outcome.cohort} do not let $app_version_string"
                        " leave, so that Mixpanel would get their events"
                    )
                reach[outcome.region] += 1
    return Expected(reach, len(made.events) - reach.total())


def publish(settings: Settings, made: Canaries) -> None:
    """Publish consents, then events; return when the broker has them. Raises ConfigError if it does not take them."""
    kafka = settings.kafka
    config = {name: value for name, value in client_config(kafka).items() if name not in _KAFKA}
    try:
        with Publisher(
            kafka.bootstrap,
            topic=kafka.topic_prefix + RAW,
            consent_topic=kafka.topic_prefix + CONSENT,
            registry=settings.policy.registry_dir,
            client_config=config,
        ) as publisher:
            for record in made.consents:
                publisher.publish_consent(record)
            publisher.flush()
            for event in made.events:
                publisher.publish_raw(msgspec.json.encode(event), event["profile_id"].encode())
            publisher.flush()
    except PublishError as exc:
        raise ConfigError(f"canaries are not published: {exc}") from None


def _consent(cohort: Cohort, person: Plants, policy: CompiledPolicy, now_ms: int) -> dict[str, Any] | None:
    """Return a consent that holds under the policy, if one can."""
    law, band = cohort.split("/")
    region = Region(law.lower())
    notice = max(policy.notices.get(cohort, ()), default=None)
    if notice is None or band == "unknown":
        return None
    parent = band == "child"
    methods = policy.own_methods[region]
    if parent:
        methods = policy.rule_10_methods if region is Region.IN else policy.disclosure_methods & policy.parental_methods
    record: dict[str, Any] = {
        "profile_id": person.profile,
        "consent_id": f"consent-{person.profile}",
        "region": law,
        "age": {"band": band, "source": _source(region, band, policy)},
        "grantor": {"role": "parent" if parent else "self", "adult_verified": parent},
        "method": min(methods, default="none"),
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
        "notice_version": notice,
        "language": min(policy.languages[region], default="en"),
        "granted_at": now_ms - now_ms % GRANT_MS,
    }
    if parent:
        record["relation"] = "mother"
    if texts := policy.notice_hashes.get(notice):
        record["notice_hash"] = min(texts)
    return record


def _source(region: Region, band: str, policy: CompiledPolicy) -> str:
    return "parent_link" if band == "child" else min(policy.age_sources[region], default="self_declared")


def _event(
    cohort: str,
    name: str,
    properties: dict[str, Any],
    person: Plants,
    policy: CompiledPolicy,
    now_ms: int,
    event_id: str,
) -> dict[str, Any]:
    law, band = cohort.split("/")
    return {
        "event": name,
        "event_id": event_id,
        "time": now_ms,
        "received_at": now_ms,
        "profile_id": person.profile,
        "device_id": person.device,
        "region": law,
        "platform": "android",
        "age": {"band": band, "source": _source(Region(law.lower()), band, policy)},
        "properties": {"$app_version_string": VERSION, **properties},
    }


def _properties(person: Plants, cohort: str, schemas: Mapping[str, Schema]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and properties of events: one of each kind, and one for each of its properties that takes text."""
    careless = _careless(person)
    texts = [f"write to {person.email}", f"call {person.phone}", f"pay with {person.card}", f"from {person.address}"]
    if not cohort.endswith("/adult"):  # whose own words may leave, where they hold nothing that has a form (R21)
        texts += [person.note, f"{person.name}, {person.street}"]
    number = 0
    for name, schema in schemas.items():
        yield name, careless
        for key, rule in schema.get("properties", {}).items():
            if rule.get("type") == "string" and "enum" not in rule:
                yield name, {**careless, key: texts[number % len(texts)]}
                number += 1
    first = next(iter(schemas))
    defaults = load_schema("mixpanel-defaults")["properties"]
    strings = [key for key, rule in defaults.items() if rule.get("type") == "string" and key != "$app_version_string"]
    yield first, {key: texts[place % len(texts)] for place, key in enumerate(strings)}


def _careless(person: Plants) -> dict[str, Any]:
    """Return what careless clients send beside what was asked for, in properties that nobody registered."""
    return {
        "$email": person.email,
        "$name": person.name,
        "$ip": person.address,
        "$latitude": person.latitude,
        "$longitude": person.longitude,
        "$device_id": person.device,
        "guardian_handle": person.handle,
        "canary_card": person.card,
        "canary_nested": {"home": [{"street": person.street}], "phone": person.phone},
        person.email: True,
    }
