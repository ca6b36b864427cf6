"""TLS, passwords and rights, on a broker that insists on them: what each role may do works, and nothing else (R33)."""

import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    KafkaError,
    Producer,
    TopicPartition,
)
from ruamel.yaml import YAML

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.scrape import readiness
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream import topics
from pipeline.stream.admin import check_topics, require_topics
from pipeline.stream.client_config import client_config
from tests.security.secure_kafka import PASSWORD, SecureKafka

READY_S = 150.0


@pytest.fixture(scope="module")
def cluster(secure: SecureKafka) -> Iterator[Deployment]:
    """Topics and stand-ins on the guarded broker, and every role's user with its rights."""
    with Deployment(broker=secure.broker, prefix=f"secure-{uuid.uuid4().hex[:6]}.", partitions=2) as running:
        secure.grant(running.settings.kafka)
        yield running


@pytest.fixture(scope="module")
def as_role(secure: SecureKafka, cluster: Deployment) -> Callable[..., KafkaSettings]:
    def settings(role: str, **changes: Any) -> KafkaSettings:
        return secure.settings(role, cluster.settings.kafka.topic_prefix, **changes)

    return settings


def start(secure: SecureKafka, cluster: Deployment, role: str, *arguments: str) -> SupervisedWorker:
    """Start a worker that knows the guarded way in only."""
    config = YAML(typ="safe").load((cluster.directory / "base.yaml").read_text(encoding="utf-8"))
    password = cluster.directory / f"{role}.password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    port_file = cluster.directory / f"{role}.port"
    config["ops"]["port_file"] = str(port_file)
    config["kafka"]["bootstrap"] = secure.bootstrap
    config["kafka"]["security"] = {
        "protocol": "SASL_SSL",
        "ca_file": str(secure.ca_file),
        "sasl_username": role,
        "sasl_password_file": str(password),
    }
    path = cluster.directory / f"{role}.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    worker = SupervisedWorker(
        role, ["worker", *arguments, "--config", str(path)], cluster.directory, port_file=port_file
    )
    cluster.workers.append(worker)
    worker.start()
    return worker


def within(condition: Callable[[], Any], what: Callable[[], str], timeout_s: float = READY_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(what())
        time.sleep(0.05)


def is_ready(worker: SupervisedWorker) -> bool:
    return bool((readiness(worker.port) or {}).get("ready"))


def unready(worker: SupervisedWorker) -> str:
    return f"{worker.name} is not ready: {readiness(worker.port)}\n{worker.log.read_text(encoding='utf-8')[-3000:]}"


def test_events_flow_through_workers_that_have_no_other_way_in(
    secure: SecureKafka, cluster: Deployment, as_role: Callable[..., KafkaSettings]
) -> None:
    workers = [
        start(secure, cluster, "sanitize", "sanitize", "--region", "all"),
        start(secure, cluster, "deliver-us", "deliver", "--region", "us"),
        start(secure, cluster, "rights", "rights"),
    ]
    for worker in workers:
        within(partial(is_ready, worker), partial(unready, worker))
    now = int(time.time() * 1000)
    consent = {
        "profile_id": "p-secure",
        "consent_id": "c-secure",
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": now - 1000,
    }
    event = {
        "event": "level_started",
        "event_id": uuid.uuid4().hex,
        "time": now,
        "received_at": now,
        "profile_id": "p-secure",
        "region": "US",
        "platform": "android",
        "properties": {"level": 3, "world": "ocean", "difficulty": "easy"},
    }
    with publisher_of(cluster, as_role("consent-service")) as publisher:
        publisher.publish_consent(consent).result(60)
    with publisher_of(cluster, as_role("backend")) as publisher:
        publisher.publish(event).result(60)
    within(cluster.standins[Region.US].events, lambda: "the event is not delivered")


def publisher_of(cluster: Deployment, kafka: KafkaSettings) -> Publisher:
    """Make a publisher that is configured as a backend service would do it."""
    secrets = ("security.", "ssl.", "sasl.")
    config = {name: value for name, value in client_config(kafka).items() if name.startswith(secrets)}
    return Publisher(
        kafka.bootstrap,
        topic=cluster.topic(topics.RAW),
        consent_topic=cluster.topic(topics.CONSENT),
        client_config=config,
    )


@pytest.mark.parametrize(
    ("role", "topic"),
    [
        ("backend", topics.CONSENT),
        ("backend", topics.CLEAN_US),
        ("consent-service", topics.RAW),
        ("sanitize", topics.SUPPRESSIONS),
        ("sanitize", topics.CONSENT),
        ("deliver-us", topics.CLEAN_US),
        ("deliver-in", topics.SUPPRESSIONS),
        ("privacy-desk", topics.CONSENT),
        ("auditor", topics.LEDGER),
        ("aggregate", topics.CLEAN_US),
        ("operator", topics.RAW),
    ],
)
def test_no_role_writes_where_it_has_no_business(
    cluster: Deployment, as_role: Callable[..., KafkaSettings], role: str, topic: str
) -> None:
    errors: list[KafkaError | None] = []
    producer = Producer(client_config(as_role(role)), logger=_silent())
    producer.produce(cluster.topic(topic), b"{}", on_delivery=lambda error, _: errors.append(error))
    producer.flush(60)
    assert [error.code() if error else None for error in errors] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


@pytest.mark.parametrize(
    ("role", "topic"),
    [
        ("backend", topics.RAW),
        ("consent-service", topics.CONSENT),
        ("deliver-us", topics.RAW),
        ("deliver-us", topics.CLEAN_IN),
        ("deliver-in", topics.CLEAN_US),
        ("deliver-in", topics.CONSENT),
        ("rights", topics.RAW),
        ("rights", topics.CLEAN_IN),
        ("auditor", topics.RAW),
        ("auditor", topics.CLEAN_US),
        ("operator", topics.CONSENT),
    ],
)
def test_no_role_reads_what_it_has_no_business_with(
    cluster: Deployment, as_role: Callable[..., KafkaSettings], role: str, topic: str
) -> None:
    consumer = Consumer({**client_config(as_role(role)), "group.id": "coppice-nobody"}, logger=_silent())
    consumer.assign([TopicPartition(cluster.topic(topic), 0, 0)])
    assert first_answer(consumer) in {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


def test_no_role_joins_the_group_of_another(cluster: Deployment, as_role: Callable[..., KafkaSettings]) -> None:
    """Whoever is in a group gets a share of its records, and moves its offsets."""
    consumer = Consumer({**client_config(as_role("deliver-us")), "group.id": "coppice-sanitize"}, logger=_silent())
    consumer.subscribe([cluster.topic(topics.CLEAN_US)])
    assert first_answer(consumer) == KafkaError.GROUP_AUTHORIZATION_FAILED


def first_answer(consumer: Consumer, timeout_s: float = 60.0) -> int | None:
    """Return the code of the first error that the broker answers with; None for a record, or for nothing."""
    try:
        message = consumer.poll(timeout_s)
        error = message.error() if message is not None else None
        return error.code() if error is not None else None
    finally:
        consumer.close()


def test_a_role_may_check_the_topics(as_role: Callable[..., KafkaSettings]) -> None:
    for role in ("sanitize", "deliver-us", "deliver-in", "rights", "aggregate", "operator"):
        assert check_topics(Settings(kafka=as_role(role))) == []


def test_a_wrong_password_and_a_wrong_authority_are_said_in_words(
    as_role: Callable[..., KafkaSettings], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"kafka\.security"):
        require_topics(Settings(kafka=as_role("sanitize", sasl_password="wrong")))
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ConfigError, match=r"ca_file"):
        require_topics(Settings(kafka=as_role("sanitize", ca_file=tmp_path / "empty.pem")))


def _silent() -> Any:
    """Return a logger that keeps what librdkafka says of a refusal, which is wanted here, out of the output."""
    import logging  # noqa: PLC0415

    logger = logging.getLogger("tests.security")
    logger.propagate = False
    return logger
