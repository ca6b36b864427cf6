"""What counts as an answer about ends, and as a trouble that passes."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.stream.follower_client import end_offsets, is_transient, refresh_leaders


class Lister:
    """Answers with the given offset, or error, of each partition."""

    def __init__(self, answers: dict[int, int | Exception]) -> None:
        self.answers = answers

    def list_offsets(self, topic_partition_offsets: dict[TopicPartition, Any], **_kwargs: Any) -> dict[Any, Any]:
        futures: dict[TopicPartition, Future[Any]] = {key: Future() for key in topic_partition_offsets}
        for key, future in futures.items():
            answer = self.answers[key.partition]
            if isinstance(answer, int):
                future.set_result(SimpleNamespace(offset=answer))
            else:
                future.set_exception(answer)
        return futures

    def list_topics(self, *, timeout: float) -> Any:  # noqa: ARG002 - the protocol names it
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


async def test_a_timed_out_request_is_no_end() -> None:
    refused = KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH))
    lister = Lister({0: 0, 1: -1001, 2: 7, 3: refused, 4: -1})
    assert await end_offsets(lister, "consent", range(5)) == {0: 0, 2: 7}


async def test_a_defect_in_the_client_is_not_taken_for_silence() -> None:
    with pytest.raises(ZeroDivisionError):
        await end_offsets(Lister({0: ZeroDivisionError()}), "consent", [0])


async def test_nobody_there_to_tell_the_leaders_is_no_failure() -> None:
    await refresh_leaders(Lister({}))


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (KafkaError._TRANSPORT, True),
        (KafkaError._ALL_BROKERS_DOWN, True),
        (KafkaError.NOT_LEADER_FOR_PARTITION, True),
        (KafkaError.FENCED_LEADER_EPOCH, True),
        (KafkaError._UNKNOWN_PARTITION, False),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, False),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, False),
        (KafkaError._BAD_MSG, False),
        (KafkaError._BAD_COMPRESSION, False),
        (KafkaError._FATAL, False),
        (KafkaError.UNKNOWN, False),
    ],
)
def test_only_known_troubles_pass(code: int, passes: bool) -> None:
    assert is_transient(KafkaError(code)) is passes


def test_a_fatal_trouble_does_not_pass() -> None:
    assert not is_transient(KafkaError(KafkaError._TRANSPORT, fatal=True))
