"""The world of a trial: policies and events of somebody who wants to know, no secrets, nothing is sent."""

import json
from pathlib import Path

from pipeline.consent.files import Consents, read_consents
from pipeline.core.consent import ConsentFault, normalise_id, parse_consent
from pipeline.core.context import Context
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.vocabulary import Region
from pipeline.workers.context import LIBRARY, load_profile, projects
from pipeline.workers.keys import load_key_ring, trial_key_ring


def trial_context(policy: CompiledPolicy, registry: Registry, settings: Settings, at_ms: int) -> Context:
    """Return a world at one moment, with the operator's keys and projects where they are configured."""
    keys = load_key_ring(settings) if settings.keys_file or settings.keys else trial_key_ring()
    known = projects(settings, tuple(Region), trial=True)
    return Context(policy, registry, keys, known, LIBRARY, at_ms, profile=load_profile(policy))


def read_consent_file(path: Path) -> tuple[Consents, int]:
    """Read one consent record that may span lines, or many, one a line. As `read_consents`; raises OSError."""
    content = path.read_bytes()
    try:
        profile = json.loads(content)["profile_id"]
        state = parse_consent(profile.encode(), content)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return read_consents(path)
    return {normalise_id(profile): state}, int(isinstance(state, ConsentFault))
