"""Reading a stretch of a real log: holes of any kind end it as they should, and what is gone is told."""

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # public, but not in an __all__

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.committed import Noted, committed
from pipeline.stream.log_reader import LogReader, Saved


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> str:
    name = topic_name("log")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.create_topics([NewTopic(name, 1, 1)]).values():
        future.result(20)
    return name


@pytest.fixture
def reader(kafka: EmbeddedKafka, topic: str) -> Iterator[LogReader]:
    made = LogReader(KafkaSettings(bootstrap=kafka.bootstrap), topic, f"group-{topic}")
    yield made
    made.close()


def write(kafka: EmbeddedKafka, topic: str, count: int, *, commit: bool | None = None) -> None:
    """Write numbered records; commit: in a transaction that ends so."""
    config = {"bootstrap.servers": kafka.bootstrap}
    producer = Producer(config if commit is None else config | {"transactional.id": f"t-{topic}-{commit}"})
    if commit is not None:
        producer.init_transactions(20)
        producer.begin_transaction()
    for number in range(count):
        producer.produce(topic, str(number), headers={"h": b"v"})
    producer.flush(20)
    if commit is not None:
        (producer.commit_transaction if commit else producer.abort_transaction)(20)


def test_it_reads_what_is_asked_for_and_ends(kafka: EmbeddedKafka, topic: str, reader: LogReader) -> None:
    write(kafka, topic, 2_500)
    found = list(reader.read(0, 10, 2_400))
    assert [record.value for record in found] == [str(number).encode() for number in range(10, 2_400)]
    assert found[0].headers == [("h", b"v")]
    assert reader.offset_at(0, found[0].timestamp) <= 10
    assert reader.offset_at(0, found[-1].timestamp + 60_000) == 2_500
    assert list(reader.read(0, 5, 5)) == []


def test_transaction_markers_at_the_end_are_no_endless_wait(
    kafka: EmbeddedKafka, topic: str, reader: LogReader
) -> None:
    write(kafka, topic, 3, commit=False)
    write(kafka, topic, 2, commit=True)
    low, high = reader.bounds(0)
    assert high == 7  # two markers
    assert len(list(reader.read(0, low, high))) == 5  # uncommitted ones are read, as the workers read them


def test_records_that_are_deleted_are_told_and_the_rest_is_read(
    kafka: EmbeddedKafka, topic: str, reader: LogReader
) -> None:
    write(kafka, topic, 8)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.delete_records([TopicPartition(topic, 0, 5)]).values():
        future.result(20)
    reader.open(0, 2)
    lost, values = [], []
    position = 2
    while position < 8:
        taken = reader.take(8)
        position = taken.position
        lost += list(taken.lost)
        values += [record.value for record in taken.records]
    assert lost == [2, 3, 4]
    assert values == [b"5", b"6", b"7"]


def test_progress_is_kept_and_what_is_noted_beside_it_can_be_read(kafka: EmbeddedKafka, reader: LogReader) -> None:
    assert reader.saved(1) == {}
    reader.save(0, 41)
    for length in (0, 1, 63, 64, 65, 500):  # librdkafka hands out texts of some lengths with what lies behind them
        reader.save(0, 42, "n" * length)
        assert reader.saved(1) == {0: Saved(42)}
        found = committed(KafkaSettings(bootstrap=kafka.bootstrap), f"group-{reader.topic}")
        assert found == {(reader.topic, 0): Noted(42, "n" * length)}


def test_a_group_that_never_committed_has_nothing(kafka: EmbeddedKafka) -> None:
    assert committed(KafkaSettings(bootstrap=kafka.bootstrap), "no-such-group") == {}


def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        committed(KafkaSettings(bootstrap="127.0.0.1:1"), "group")


def test_a_topic_that_is_not_there_is_named(kafka: EmbeddedKafka) -> None:
    absent = LogReader(KafkaSettings(bootstrap=kafka.bootstrap), "no-such-topic", "group")
    with pytest.raises(ConfigError, match="no-such-topic does not exist"):
        absent.partitions()
    absent.close()
