"""What the leak stop of a deliver worker has to know of the rules, and where it keeps its incidents."""

from pipeline.deliver.canaries import planted
from pipeline.deliver.incident import Destination, Policy
from pipeline.deliver.incident_files import IncidentFiles
from pipeline.deliver.leak_scan import LeakScan
from pipeline.deliver.leak_stop import LeakStop
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.errors import ConfigError
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import COUNTED, CompiledPolicy, EventPlan, Registry
from pipeline.stream.topics import clean_topic
from pipeline.workers.context import now_ms

COUNT_NAMES = ("count", "window_hours")  # of the counts of children's events, beside their dimensions


def leak_scan(registry: Registry, settings: Settings, profile: EventPlan | None = None) -> LeakScan:
    """Return a scan that knows which events and properties may leave, and what the canaries carry.

    profile: what profiles may hold; without it each of its names is looked at closely.
    """
    names = {
        name
        for plan in registry.values()
        for rules in plan.rules.values()
        for name, rule in rules.items()
        if rule.stripped is None
    }
    counted = [name + COUNTED for name in registry]
    held = [name for each in (profile.rules.values() if profile else ()) for name in each if not each[name].stripped]
    return LeakScan([*registry, *counted], [*names, *COUNT_NAMES], planted(settings.deliver.canary_seed), held)


def leak_stop(
    settings: Settings,
    project: MixpanelProject,
    policy: CompiledPolicy,
    registry: Registry,
    profile: EventPlan | None,
    *,
    metrics: Metrics,
) -> LeakStop:
    """Return the leak stop of one region's worker. Incidents that are open keep it closed from the start."""
    directory = settings.deliver.incident_dir
    return LeakStop(
        project.region,
        settings.kafka.topic_prefix + clean_topic(project.region),
        leak_scan(registry, settings, profile),
        IncidentFiles(directory) if directory is not None else None,
        destination=Destination(project.host, project.project_id),
        policy=written(policy),
        metrics=metrics,
        clock=now_ms,
    )


def require_incident_dir(settings: Settings) -> None:
    """Raise ConfigError where a directory is named that is none. It is not made: it may be a volume that is missing."""
    directory = settings.deliver.incident_dir
    if directory is not None and not directory.is_dir():
        raise ConfigError(
            f"COPPICE_DELIVER__INCIDENT_DIR: {directory} is not a directory; mount the volume, or make it once"
        )


def written(policy: CompiledPolicy) -> Policy:
    """Return what an incident says of the policy in force."""
    return Policy(policy.version, policy.sha256)
