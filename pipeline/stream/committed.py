"""What a consumer group has committed, with the notes beside the offsets.

Read with aiokafka: librdkafka writes a zero byte behind a note and relies on one when it reads, so of a note that
somebody else has written it returns also what lies behind it in memory
(https://github.com/confluentinc/librdkafka/issues/4649).
"""

import asyncio
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.faust_security import faust_credentials

ANSWER_MS = 10_000
PATIENCE_S = 30.0
RETRY_S = 0.2


class Noted(NamedTuple):
    """A committed offset and its note, "" where there is none."""

    offset: int
    note: str


def committed(kafka: KafkaSettings, group: str) -> dict[tuple[str, int], Noted]:
    """Return what a group (full name) has committed, by topic and partition. Not for use within an event loop.

    Raise ConfigError when the broker does not answer, or refuses.
    """
    return asyncio.run(_committed(kafka, group))


async def _committed(kafka: KafkaSettings, group: str) -> dict[tuple[str, int], Noted]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=kafka.bootstrap.split(","), request_timeout_ms=ANSWER_MS, **_security(kafka)
    )
    try:
        await admin.start()
    except KafkaConnectionError:
        await admin.close()
        raise ConfigError(
            f"no Kafka broker answers at {kafka.bootstrap}: check kafka.bootstrap, and the broker"
        ) from None
    try:
        answers = await _patiently(admin, group)
    except KafkaError as exc:
        raise ConfigError(
            f"what group {group} has committed cannot be read ({type(exc).__name__}): check the rights of this client"
        ) from None
    finally:
        await admin.close()
    return {
        (place.topic, place.partition): Noted(found.offset, (found.metadata or "").rstrip("\0"))
        for place, found in answers.items()
        if found.offset >= 0
    }


async def _patiently(admin: Any, group: str) -> Any:
    """Ask again as long as the trouble is one that passes: the group's coordinator may be starting."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        try:
            return await admin.list_consumer_group_offsets(group)
        except KafkaError as exc:
            if not exc.retriable or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(RETRY_S)


def _security(kafka: KafkaSettings) -> dict[str, Any]:
    """Return TLS and SASL as aiokafka wants them."""
    security = kafka.security
    credentials: Any = faust_credentials(security)
    if credentials is None:
        return {}
    found = {"security_protocol": security.protocol, "ssl_context": credentials.ssl_context}
    if security.sasl:
        found |= {
            "sasl_mechanism": security.sasl_mechanism,
            "sasl_plain_username": security.sasl_username,
            "sasl_plain_password": security.password(),
        }
    return {name: value for name, value in found.items() if value is not None}
