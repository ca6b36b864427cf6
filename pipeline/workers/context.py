"""Put together what the core needs from settings, policy files, schemas and keys."""

import time
from importlib.metadata import version
from pathlib import Path

from pipeline.core.context import Context, Project
from pipeline.core.identity import KeyRing
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, EventPlan, Registry
from pipeline.policy.compiling import load_policy
from pipeline.policy.counting import check_counting
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import compile_profile, compile_registry
from pipeline.policy.vocabulary import Region
from pipeline.schemas import event_schemas, load_schema

LIBRARY = ("python", version("mixpanel"))  # what the package itself writes into its events


def now_ms() -> int:
    """Return the time of day in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def load_rules(settings: Settings, settings_file: Path | None = None) -> tuple[CompiledPolicy, Registry]:
    """Load policy and registry. Raise ConfigError with every problem of the policy files, or of the schemas."""
    try:
        policy = load_policy(settings_file or settings.policy.settings_file)
        schemas = event_schemas(settings.policy.registry_dir)
        registry = compile_registry(schemas, load_schema("mixpanel-defaults"), policy)
        check_counting(policy.counting, registry)
    except PolicyError as exc:
        raise ConfigError(str(exc)) from None
    return policy, registry


def load_profile(policy: CompiledPolicy) -> EventPlan:
    """Compile what profiles of adults may hold. Raise ConfigError with every problem of its schema."""
    try:
        return compile_profile(load_schema("profile"), load_schema("mixpanel-defaults"), policy)
    except PolicyError as exc:
        raise ConfigError(str(exc)) from None


def projects(settings: Settings, regions: tuple[Region, ...], *, trial: bool = False) -> dict[Region, Project]:
    """Return the Mixpanel project of each region. Raise ConfigError when one is missing, unless this is a trial."""
    found = {}
    for region in regions:
        given = settings.mixpanel.us if region is Region.US else settings.mixpanel.in_
        token = given.token.get_secret_value().strip() if given.token is not None else ""
        if not trial and not (token and given.project_id):
            name = f"COPPICE_MIXPANEL__{region.upper()}__"
            raise ConfigError(f"Mixpanel region {region} is not configured: set {name}TOKEN and {name}PROJECT_ID")
        found[region] = Project(given.project_id or "0", token or f"trial-{region}")
    return found


def load_context(settings: Settings, only: Region | None, keys: KeyRing) -> Context:
    """Build a worker's context. Raise ConfigError for anything that is missing or contradicts itself."""
    policy, registry = load_rules(settings)
    if only is None and policy.own_region_only:
        raise ConfigError(
            "region.processing_location is own_region (J14), so a worker takes one region: start it with --region us or"
            " --region in; or set region.processing_location: shared in the policy settings file"
        )
    regions = tuple(Region) if only is None else (only,)
    return Context(policy, registry, keys, projects(settings, regions), LIBRARY, now_ms(), only, load_profile(policy))
