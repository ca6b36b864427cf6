"""How a deployment's Kafka settings are said to librdkafka, and its address to Faust."""

import logging
from typing import Any

from pipeline.ops.kafka_security import KafkaSecuritySettings
from pipeline.ops.logging import get_logger
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.topics import EVENT_BYTES

REQUEST_TIMEOUT_MS = 30_000

# Longer than this without an answer and the batch fails, the process stops and its supervisor starts a new
# one with fresh connections. Nothing is lost by it, so it only has to outlast ordinary broker restarts.
DELIVERY_TIMEOUT_MS = 300_000


def client_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Settings shared by every librdkafka client (producer, consumer, admin)."""
    return {
        "bootstrap.servers": kafka.bootstrap,
        "client.id": kafka.instance_id or kafka.group_prefix,
        "socket.timeout.ms": REQUEST_TIMEOUT_MS,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 2_000,
        **_security(kafka.security),
    }


def _security(security: KafkaSecuritySettings) -> dict[str, Any]:
    """Return TLS and SASL as librdkafka wants them; host names are always verified."""
    config: dict[str, Any] = {"security.protocol": security.protocol}
    if security.tls:
        files = {
            "ssl.ca.location": security.ca_file,
            "ssl.certificate.location": security.certificate_file,
            "ssl.key.location": security.key_file,
        }
        config |= {name: str(path) for name, path in files.items() if path is not None}
    if security.sasl:
        config |= {
            "sasl.mechanism": security.sasl_mechanism,
            "sasl.username": security.sasl_username,
            "sasl.password": security.password(),
        }
    return config


def producer_config() -> dict[str, Any]:
    """Settings of a producer whose acknowledgements may be trusted; merge over `client_config`.

    `acks=all` with idempotence: a record is confirmed only when it is on every in-sync replica, and a retry
    inside librdkafka makes no second copy. `murmur2_random` puts a key where Java and Faust would put it.
    """
    return {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "compression.type": "lz4",
        "batch.num.messages": 10_000,
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 512 * 1024,
        "message.max.bytes": EVENT_BYTES,
        "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
    }


def faust_broker(kafka: KafkaSettings) -> str:
    """Broker URL for Faust, which separates brokers by a semicolon: `kafka://a:9092;b:9092`."""
    return "kafka://" + ";".join(broker.strip() for broker in kafka.bootstrap.split(","))


class LibrdkafkaLog:
    """Receives librdkafka's log lines and writes of what kind they are.

    Their text is made in C and would be withheld by our log rules; the kind (`FAIL`, `ERROR`, `MAXPOLL`…) is
    enough to look them up. Without a logger librdkafka writes about a hundred lines a second to standard
    error while a broker is away. Use: `Producer(config, logger=LibrdkafkaLog())`.
    """

    def __init__(self) -> None:
        self._log = get_logger("stream.librdkafka")

    def log(self, level: int, _template: str, kind: str, *_text: str) -> None:
        """Called by confluent-kafka, from `poll`."""
        if level >= logging.WARNING:
            self._log.log(level, "librdkafka reports", kind=kind)
