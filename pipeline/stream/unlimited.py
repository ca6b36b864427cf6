"""Topics in which something would live for ever: no store may be without a limit (R29)."""

from collections.abc import Iterable, Mapping

from pipeline.ops.settings import KafkaSettings
from pipeline.stream.topics import TOPICS

NEVER = 2**63 - 1  # how the broker writes "no limit" where it has no -1


def copies(there: Iterable[str], kafka: KafkaSettings) -> list[str]:
    """Return topics that nobody declared and whose names say that they were made from ours.

    `events.raw.copy`, a repartition, the changelog of a table of one of our groups: whatever holds our events, or what
    was made of them, is a store of this deployment. Other topics of a shared cluster are not looked at.
    """
    declared = {topic.full_name(kafka.topic_prefix) for topic in TOPICS}
    ours = (*(f"{name}." for name in declared), f"{kafka.group_prefix}-")
    return sorted(name for name in there if name not in declared and name.startswith(ours))


def without_limit(name: str, config: Mapping[str, str]) -> str | None:
    """Say why records of a topic with these effective settings may live for ever; None if none may."""
    cleanup = config.get("cleanup.policy", "")
    setting = "retention.ms" if "delete" in cleanup else "max.compaction.lag.ms"
    value = config.get(setting, "")
    if value.isdigit() and int(value) < NEVER:
        return None
    return (
        f"topic {name} has cleanup.policy={cleanup} and {setting}={value}: what is in it may live for ever, and no"
        " store may be without a limit (R29; 16 CFR 312.10, DPDP Act s.8(7)); set one, or delete the topic"
    )
