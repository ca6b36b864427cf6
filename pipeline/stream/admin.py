"""Creating the topics of the table on a cluster, and saying how a cluster differs from it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not marked as exported
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream.client_config import LibrdkafkaLog, client_config
from pipeline.stream.topics import CONSENT, RAW, TOPICS, Topic
from pipeline.stream.unlimited import copies, without_limit

TIMEOUT_S = 10.0
_REFUSALS = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001 - librdkafka's public codes
VISIBLE_POLL_S = 0.05
CREATE = "run `coppice topics create`"


def create_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create the topics that are missing and return their full names; existing ones are left as they are.

    Raises:
        ConfigError: the broker cannot be reached, or refuses a topic.

    """
    kafka = settings.kafka
    connection = _connect(kafka)
    there = _partition_counts(connection, kafka)
    wanted = [_new_topic(topic, kafka) for topic in topics if topic.full_name(kafka.topic_prefix) not in there]
    if not wanted:
        return []
    created = []
    asked = connection.admin.create_topics(wanted, operation_timeout=TIMEOUT_S, request_timeout=2 * TIMEOUT_S)
    for name, future in asked.items():
        if _outcome(future, f"topic {name} could not be created"):
            created.append(name)
    _await_visible(connection, kafka, created)
    return created


def check_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Compare the cluster with the table; return one readable line per difference, none if all is well.

    A topic that was made from one of ours and keeps its records for ever is a difference, too (R29).

    Raises:
        ConfigError: the broker cannot be reached.

    """
    kafka = settings.kafka
    wanted = {topic.full_name(kafka.topic_prefix): topic for topic in topics}
    connection = _connect(kafka)
    there = _partition_counts(connection, kafka)
    found = [name for name in wanted if name in there]
    configs = _configs(connection.admin, found)
    lines: list[str] = [f"topic {name} does not exist: {CREATE}" for name in wanted if name not in there]
    for name in found:
        lines += _differences(wanted[name], name, there[name], configs[name], kafka)
    lines += _unequal(there, kafka)
    strays = _configs(connection.admin, copies(there, kafka))
    return lines + [line for name, config in strays.items() if (line := without_limit(name, config)) is not None]


def require_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> None:
    """Refuse to go on unless the cluster has the topics as the table defines them.

    Raises:
        ConfigError: with every difference and the way out.

    """
    lines = check_topics(settings, topics)
    if lines:
        raise ConfigError(
            f"the topics on {settings.kafka.bootstrap} do not fit (`coppice topics check`):\n  " + "\n  ".join(lines)
        )


class _Connection(NamedTuple):
    """A client, and the codes of the troubles that it has reported so far."""

    admin: AdminClient
    troubles: set[int]


def _connect(kafka: KafkaSettings) -> _Connection:
    troubles: set[int] = set()
    config = {**client_config(kafka), "error_cb": lambda error: troubles.add(error.code())}
    try:
        return _Connection(AdminClient(config, logger=LibrdkafkaLog()), troubles)
    except KafkaException as exc:
        raise ConfigError(
            f"kafka.security cannot be used ({_code(exc)}): check ca_file, certificate_file and key_file"
        ) from None


def _partition_counts(connection: _Connection, kafka: KafkaSettings) -> dict[str, int]:
    """Topics of the cluster and how many partitions each has."""
    try:
        topics = connection.admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as exc:
        connection.admin.poll(0)  # hands out the troubles
        if connection.troubles & _REFUSALS:
            raise ConfigError(
                f"the broker at {kafka.bootstrap} and this client do not accept each other ({_code(exc)}): check "
                "kafka.security (COPPICE_KAFKA__SECURITY__…): protocol, ca_file, and the user's name and password"
            ) from None
        raise ConfigError(
            f"no Kafka broker answers at {kafka.bootstrap} ({_code(exc)}): set kafka.bootstrap "
            "(COPPICE_KAFKA__BOOTSTRAP) to a reachable host:port, or start the broker"
        ) from None
    return {name: len(topic.partitions) for name, topic in topics.items()}


def _new_topic(topic: Topic, kafka: KafkaSettings) -> NewTopic:
    return NewTopic(
        topic.full_name(kafka.topic_prefix),
        num_partitions=topic.partition_count(kafka.partitions),
        replication_factor=kafka.replication,
        config=topic.broker_config(kafka.replication),
    )


def _outcome(future: Any, what: str) -> bool:
    """True if this call made the topic, False if another one did in the meantime."""
    try:
        future.result()
    except KafkaException as exc:
        if exc.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise ConfigError(
            f"{what} ({_code(exc)}): check kafka.partitions and kafka.replication against the cluster's "
            "size, and the rights of this client"
        ) from None
    return True


def _await_visible(connection: _Connection, kafka: KafkaSettings, names: list[str]) -> None:
    """Wait until the broker that answers has heard of the new topics; the controller knows them first."""
    deadline = time.monotonic() + TIMEOUT_S
    while not set(names) <= set(_partition_counts(connection, kafka)):
        if time.monotonic() > deadline:
            raise ConfigError(f"the new topics do not appear on {kafka.bootstrap}: check the cluster's state")
        time.sleep(VISIBLE_POLL_S)


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Effective settings of each topic, by topic and setting name."""
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    configs = {}
    for resource, future in admin.describe_configs(resources, request_timeout=TIMEOUT_S).items():
        try:
            entries: Mapping[str, Any] = future.result()
        except KafkaException as exc:
            raise ConfigError(
                f"the settings of topic {resource.name} cannot be read ({_code(exc)}): "
                "this client needs the right to describe topic settings"
            ) from None
        configs[resource.name] = {entry.name: str(entry.value) for entry in entries.values()}
    return configs


def _differences(
    topic: Topic, name: str, partitions: int, config: Mapping[str, str], kafka: KafkaSettings
) -> Iterator[str]:
    wanted = topic.partition_count(kafka.partitions)
    if partitions != wanted:
        source = "kafka.partitions" if topic.partitions is None else "its definition"
        yield f"topic {name} has {partitions} partitions, {source} says {wanted}"
    for setting, value in topic.broker_config(kafka.replication).items():
        if config.get(setting) != value:
            yield f"topic {name} has {setting}={config.get(setting)}, its definition says {value}"


def _unequal(there: Mapping[str, int], kafka: KafkaSettings) -> Iterator[str]:
    """A profile's events and consent meet in one worker only if both topics are cut alike."""
    raw, consent = (there.get(kafka.topic_prefix + name) for name in (RAW, CONSENT))
    if raw is not None and consent is not None and raw != consent:
        yield (
            f"{RAW} has {raw} partitions and {CONSENT} has {consent}: "
            "they must be equal, or events are judged without their consent"
        )


def _code(exc: KafkaException) -> str:
    error: KafkaError = exc.args[0]
    return error.name()
