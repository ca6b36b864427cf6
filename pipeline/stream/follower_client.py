"""How a topic is followed with librdkafka: settings, end offsets, and which troubles pass."""

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # public, but not in an __all__

REQUEST_TIMEOUT_S = 5.0
REFRESH_TIMEOUT_S = 1.0

_TRANSIENT = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's own codes are public, the underscore is theirs
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TIMED_OUT_QUEUE,  # noqa: SLF001
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - brokers refuse everybody for a moment when they start
        KafkaError._WAIT_COORD,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
    }
)


class OffsetLister(Protocol):
    """The calls of `confluent_kafka.admin.AdminClient` that the barrier needs."""

    def list_offsets(
        self, topic_partition_offsets: dict[TopicPartition, OffsetSpec], **kwargs: Any
    ) -> dict[TopicPartition, Any]:
        """Ask for offsets; a `concurrent.futures.Future` of a `ListOffsetsResultInfo` for each partition."""

    def list_topics(self, *, timeout: float) -> Any:
        """Ask for the metadata of all topics, blocking, and keep the answer."""


def consumer_config(name: str) -> dict[str, Any]:
    """Settings of the consumer, laid over those of the deployment.

    `read_committed`, because a change of an aborted transaction was never made.
    `enable.partition.eof` tells the position behind what is no record (compacted away, transaction markers).
    The `group.id` is required by librdkafka and used for nothing but a name in the broker's log.
    Source: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
    """
    return {
        "group.id": f"coppice-{name}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,
        "fetch.queue.backoff.ms": 5,  # its default of a second makes a load four times as long
        # Larger buffers load no faster, and what a load has once taken the process hardly gives back.
        "queued.max.messages.kbytes": 4 * 1024,
        "fetch.max.bytes": 1024**2,
        "fetch.message.max.bytes": 256 * 1024,
        **quiet(),
    }


def quiet() -> dict[str, Any]:
    """Keep librdkafka from writing to standard error: the follower counts and judges troubles."""
    return {"log_level": 2}


def is_transient(error: KafkaError) -> bool:
    """True if librdkafka goes on by itself after this trouble and skips no record."""
    return not error.fatal() and (error.retriable() or error.code() in _TRANSIENT)


async def end_offsets(lister: OffsetLister, topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Ask for the ends of partitions (one request to each leader); leave out those without an answer.

    The ends are those of everything written, decided or not. The follower passes a transaction only when it is
    decided, so whoever waits for such an end has waited for the transactions that were open as well. The end
    of what is decided would not do: a commit is acknowledged before its markers are written.
    """
    spec = {
        TopicPartition(topic, partition): OffsetSpec.latest()  # type: ignore[no-untyped-call]
        for partition in partitions
    }
    try:
        asked = lister.list_offsets(spec, request_timeout=REQUEST_TIMEOUT_S)
    except KafkaException:
        return {}
    answers = {key.partition: asyncio.wrap_future(future) for key, future in asked.items()}
    await asyncio.wait(answers.values())
    ends: dict[int, int] = {}
    for partition, answer in answers.items():
        try:
            end = answer.result().offset
        except KafkaException:
            continue
        if end >= 0:  # a request that timed out "succeeds" with OFFSET_INVALID (-1001) for every partition
            ends[partition] = end
    return ends


async def refresh_leaders(lister: OffsetLister) -> None:
    """Let the client learn anew who leads which partition. To be called when `end_offsets` left one out.

    Without it a client that has once seen a broker restart gets FENCED_LEADER_EPOCH until its metadata is
    renewed in the course of things, five minutes later. All topics, because asking for one by name may create
    it.
    """
    try:
        await asyncio.to_thread(lister.list_topics, timeout=REFRESH_TIMEOUT_S)
    except KafkaException:
        return  # nobody answers; the next request will tell
