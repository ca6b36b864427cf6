"""The events of every benchmark: raw events of typical size that may all leave, with the consent they rest on."""

import time
from dataclasses import dataclass
from typing import Any, Final

from pipeline.consent.files import Consents
from pipeline.core.consent import normalise_id, parse_consent
from pipeline.core.context import Context, Project
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.ops.settings import load_settings
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.sandbox.generate import TYPICAL_BYTES, Generator, encode
from pipeline.workers.context import LIBRARY, load_rules
from pipeline.workers.keys import trial_key_ring

SEED: Final = 20_260_401
Keyed = tuple[bytes, bytes]
"""Key and value of a Kafka record."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Distinct events that are produced again and again.

    raw and consent: records of those topics; clean: what the core makes of each raw event, with its region.
    """

    raw: list[Keyed]
    clean: list[Clean]
    consent: list[Keyed]
    consents: Consents
    context: Context

    def clean_of(self, region: Region) -> list[Keyed]:
        """Return the clean records of one region."""
        return [(each.key, each.value) for each in self.clean if each.region is region]


def bench_context(now_ms: int) -> Context:
    """Return the core's context under the demo settings, with public keys."""
    policy, registry = load_rules(load_settings(), DEMO_SETTINGS)
    projects = {region: Project("1", f"sandbox-token-{region}") for region in Region}
    return Context(policy, registry, trial_key_ring(), projects, LIBRARY, now_ms)


def make_pool(events: int, profiles: int) -> Pool:
    """Invent raw events of about 0.8 KB until `events` of them may leave; everything else is left out."""
    generator = Generator(SEED, profiles=profiles, size=TYPICAL_BYTES)
    consent = [(record["profile_id"].encode(), encode(record)) for record in generator.consents()]
    consents: Consents = {normalise_id(key.decode()): parse_consent(key, value) for key, value in consent}
    context = bench_context(time.time_ns() // 1_000_000 + 60_000)
    raw: list[Keyed] = []
    clean: list[Clean] = []
    while len(raw) < events:
        event: dict[str, Any] = generator.event()
        value = encode(event)
        (outcome,) = sanitize(value, consents, context)
        if isinstance(outcome, Clean):
            raw.append((event["profile_id"].encode(), value))
            clean.append(outcome)
    return Pool(raw, clean, consent, consents, context)
