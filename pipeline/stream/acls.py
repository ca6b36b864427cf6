"""What each role may do on the cluster, and nothing else: one typed table (R33).

Printed by `coppice topics acls` for the cluster's administrator. A leak needs a role that may read raw events, so
only one role may; a role that sends to Mixpanel sees clean events only. COPPA 16 CFR 312.8(b)(3), DPDP Rules 2025
r.6(1)(b). Kafka's own meaning of the operations: https://kafka.apache.org/documentation/#security_authz
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.ops.settings import KafkaSettings
from pipeline.stream import topics
from pipeline.stream.topics import TOPICS


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One user of the cluster.

    reads, writes: topics by their names without prefix. group: the consumer group it belongs to, without the
    deployment's prefix; a trailing `*` makes it the beginning of names. describes: topics of which it sees
    offsets and settings only; sees: groups, written as `group`, of which it sees the offsets only. administers: it
    creates topics.
    """

    name: str
    purpose: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    group: str | None = None
    describes: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    administers: bool = False


READERS: Final = "coppice-"  # how readers that follow whole topics call themselves

ALL: Final = tuple(topic.name for topic in TOPICS)

ROLES: Final[tuple[Role, ...]] = (
    Role(name="backend", purpose="publishes raw events", writes=(topics.RAW,)),
    Role(name="consent-service", purpose="publishes consent records", writes=(topics.CONSENT,)),
    Role(
        name="sanitize",
        purpose="coppice worker sanitize",
        reads=(topics.RAW, topics.CONSENT),
        writes=(topics.CLEAN_US, topics.CLEAN_IN, topics.REJECTED, topics.AGGREGATES, topics.LEDGER),
        group="sanitize",
        describes=ALL,
    ),
    Role(
        name="deliver-us",
        purpose="coppice worker deliver --region us",
        reads=(topics.CLEAN_US, topics.SUPPRESSIONS),
        writes=(topics.REJECTED, topics.LEDGER),
        group="deliver-us",
        describes=ALL,
    ),
    Role(
        name="deliver-in",
        purpose="coppice worker deliver --region in",
        reads=(topics.CLEAN_IN, topics.SUPPRESSIONS),
        writes=(topics.REJECTED, topics.LEDGER),
        group="deliver-in",
        describes=ALL,
    ),
    Role(
        name="rights",
        purpose="coppice worker rights",
        reads=(topics.CONSENT, topics.IDENTITIES, topics.PRIVACY_REQUESTS, topics.PRIVACY_RESULTS),
        writes=(
            topics.CONSENT,
            topics.IDENTITIES,
            topics.SUPPRESSIONS,
            topics.PRIVACY_REQUESTS,
            topics.PRIVACY_RESULTS,
        ),
        group="rights",
        describes=ALL,
    ),
    Role(
        name="aggregate",
        purpose="coppice worker aggregate",
        reads=(topics.AGGREGATES,),
        writes=(topics.AGGREGATES, topics.CLEAN_IN),
        group="aggregate",
        describes=ALL,
    ),
    Role(
        name="privacy-desk",
        purpose="coppice rights",
        reads=(topics.PRIVACY_REQUESTS, topics.PRIVACY_RESULTS),
        writes=(topics.PRIVACY_REQUESTS,),
    ),
    Role(
        name="replay",
        purpose="coppice replay, by a person and for as long as it takes",
        reads=(topics.RAW, topics.CONSENT, topics.REJECTED),
        writes=(topics.CLEAN_US, topics.CLEAN_IN, topics.REJECTED, topics.AGGREGATES, topics.LEDGER),
        group="replay-*",
        describes=ALL,
        sees=("rights",),
    ),
    Role(
        name="auditor",
        purpose="coppice audit: receipts and offsets, no event",
        reads=(topics.LEDGER, topics.REJECTED),
        describes=ALL,
        sees=("sanitize", "deliver-*"),
    ),
    Role(
        name="reconcile",
        purpose="coppice reconcile: looks at which offsets of the raw topic hold a record",
        reads=(topics.LEDGER, topics.REJECTED, topics.RAW),
        describes=ALL,
        sees=("sanitize", "deliver-*"),
    ),
    Role(name="operator", purpose="coppice topics create and check", describes=ALL, administers=True),
)


@dataclass(frozen=True, slots=True)
class Acl:
    """One entry of the cluster's access list, as `kafka-acls.sh` and the AdminClient name its parts."""

    principal: str
    operation: str
    resource: str  # topic, group or cluster
    name: str
    prefixed: bool = False

    def command(self) -> str:
        """Return the arguments of `kafka-acls.sh` that add it."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        which = f"--{self.resource}" + (f" {self.name}" if self.resource != "cluster" else "")
        return f"--add --allow-principal {self.principal} --operation {self.operation} {which}{pattern}"


def acls(kafka: KafkaSettings, principal_prefix: str = "") -> Iterator[Acl]:
    """Yield every entry that a deployment needs; each role's user is called `<principal_prefix><role>`."""
    for role in ROLES:
        user = f"User:{principal_prefix}{role.name}"
        for operation, names in (("Read", role.reads), ("Write", role.writes)):
            for name in names:
                yield Acl(user, operation, "topic", kafka.topic_prefix + name)
        for name in role.describes:
            yield Acl(user, "Describe", "topic", kafka.topic_prefix + name)
            yield Acl(user, "DescribeConfigs", "topic", kafka.topic_prefix + name)
        groups = [("Read", role.group)] if role.group is not None else []
        for operation, group in [*groups, *(("Describe", group) for group in role.sees)]:
            name, star, _ = group.partition("*")
            yield Acl(user, operation, "group", f"{kafka.group_prefix}-{name}", prefixed=bool(star))
        if role.reads:
            # a client without a group still names one to the library, which asks who coordinates it; moving its
            # offsets takes Read
            yield Acl(user, "Describe", "group", READERS, prefixed=True)
        if role.administers:
            yield Acl(user, "Create", "cluster", "kafka-cluster")


def markdown() -> str:
    """Return the table of `docs/security.md`: what each role reads and writes."""
    rows = ["| Role | What runs as it | Reads | Writes | Consumer group |", "|---|---|---|---|---|"]
    for role in ROLES:
        reads, writes = (", ".join(f"`{name}`" for name in names) or "nothing" for names in (role.reads, role.writes))
        group = f"`{role.group}`" if role.group else "none"
        rows.append(f"| `{role.name}` | {role.purpose} | {reads} | {writes} | {group} |")
    return "\n".join(rows) + "\n"
