"""The privacy desk's side: filing requests, and reading from the topics what has become of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.rights.book import Book
from pipeline.rights.inbox import Arrived
from pipeline.rights.requests import Kind, Request, RequestFault, encode_request, parse_request
from pipeline.rights.results import Accepted, Done, Held, Refused, Result, parse_result, state_of
from pipeline.stream.client_config import LibrdkafkaLog, client_config, producer_config
from pipeline.stream.log_reader import LogReader
from pipeline.stream.topics import DAY_MS, PRIVACY_REQUESTS, PRIVACY_RESULTS

TIMEOUT_S: Final = 30.0
LOOK_S: Final = 0.5
RECEIVED: Final = "received"


class Standing(NamedTuple):
    """How a request stands. state: the last step on record, `received` before any. Times in ms since the epoch.

    deadline: when it has to be answered. held_until: when the law lets go of what is left. done, of: how many of the
    batches that go to Mixpanel are done there.
    """

    request_id: str
    kind: str
    state: str
    received_at: int
    deadline: int
    held_until: int | None = None
    done: int = 0
    of: int = 0
    note: str = ""

    @property
    def answered(self) -> bool:
        """True when no further step follows."""
        return self.state in {"done", "refused"}


@dataclass(slots=True)
class _Told:
    """What the results said of one request."""

    kind: str = ""
    received_at: int = 0
    state: str = RECEIVED
    held_until: int | None = None
    of: int = 0
    completed: set[int] = field(default_factory=set)
    note: str = ""


class Desk:
    """Reads both topics, and only what is new at each `refresh`. Every method raises ConfigError without a broker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        kafka = settings.kafka
        group = f"{kafka.group_prefix}-rights-desk"
        self._readers = {
            name: LogReader(kafka, kafka.topic_prefix + name, group) for name in (PRIVACY_RESULTS, PRIVACY_REQUESTS)
        }
        self._positions: dict[tuple[str, int], int] = {}
        self._book = Book(kafka.partitions)
        self._told: dict[str, _Told] = {}

    def close(self) -> None:
        """Let go of the connections."""
        for reader in self._readers.values():
            reader.close()

    def refresh(self) -> None:
        """Take in what has come since the last time."""
        for name, reader in self._readers.items():
            for partition in range(reader.partitions()):
                low, end = reader.bounds(partition)
                start = max(low, self._positions.get((name, partition), 0))
                for record in reader.read(partition, start, end):
                    arrived = Arrived(partition, record.offset, record.key, record.value, record.timestamp)
                    self._take(name, arrived)
                self._positions[name, partition] = end

    def open(self) -> list[Standing]:
        """Return the requests that are not answered, oldest first."""
        return [self._standing(case.request_id, case.kind, case.received_at) for case in self._book.open()]

    def find(self, request_id: str) -> Standing | None:
        """Return how a request stands, None for one that nobody has filed."""
        case = self._book.get(request_id)
        if case is not None:
            return self._standing(request_id, case.kind, case.received_at)
        told = self._told.get(request_id)
        return self._standing(request_id, told.kind, told.received_at) if told is not None else None

    def results(self, request_id: str) -> list[Result]:
        """Return every result of one request, in order, read anew."""
        reader = self._readers[PRIVACY_RESULTS]
        return [
            result
            for partition in range(reader.partitions())
            for record in reader.read(partition, *reader.bounds(partition))
            if record.key == request_id.encode() and (result := parse_result(record.value)) is not None
        ]

    def follow(self, request_id: str, sleep: Callable[[float], object]) -> Iterator[Standing]:
        """Yield a request's standing at each change, until it is answered."""
        last: Standing | None = None
        while last is None or not last.answered:
            self.refresh()
            found = self.find(request_id)
            if found is not None and found != last:
                last = found
                yield found
            else:
                sleep(LOOK_S)

    def _take(self, topic: str, record: Arrived) -> None:
        if topic == PRIVACY_REQUESTS:
            self._book.take_request(record)
            return
        self._book.take_result(record)
        result = parse_result(record.value)
        if result is not None:
            _tell(self._told.setdefault(result.request_id, _Told()), result)

    def _standing(self, request_id: str, kind: str, received_at: int) -> Standing:
        told = self._told.get(request_id, _Told())
        days = self._settings.rights.deadline_days
        return Standing(
            request_id,
            str(kind),
            told.state,
            received_at,
            received_at + days * DAY_MS,
            told.held_until,
            len(told.completed),
            told.of,
            told.note,
        )


def _tell(told: _Told, result: Result) -> None:
    told.state = state_of(result)
    match result:
        case Accepted():
            told.kind, told.received_at, told.of = str(result.kind), result.received_at, result.batches
        case Held():
            told.held_until = result.held_until
        case Done():
            told.kind, told.note = str(result.kind), str(result.note or "")
        case Refused():
            told.received_at, told.note = result.at, str(result.reason)
        case _ if told.state == "completed":
            told.completed.add(getattr(result, "batch", 0))


def file_request(settings: Settings, request: Request) -> None:
    """Put a request on its topic and return when the broker has acknowledged it.

    Raises:
        ConfigError: it would be refused, or no broker takes it. It may be filed again, with the same id.

    """
    key, value = encode_request(request)
    parsed = parse_request(key, value)
    if isinstance(parsed, RequestFault):
        raise ConfigError(f"the request would be refused ({parsed}): see schemas/privacy-request.json")
    kafka = settings.kafka
    config = {**client_config(kafka), **producer_config(), "delivery.timeout.ms": int(TIMEOUT_S * 1000), "linger.ms": 0}
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(config, logger=LibrdkafkaLog())
    try:
        producer.produce(kafka.topic_prefix + PRIVACY_REQUESTS, value, key, on_delivery=delivered)
    except KafkaException as exc:
        failed.append(exc.args[0])
    if producer.flush(TIMEOUT_S + 5) or failed:
        why = failed[0].name() if failed else "no answer"
        raise ConfigError(
            f"the request is not acknowledged by {kafka.bootstrap} ({why}): check kafka.bootstrap and `coppice topics"
            " check`, then file it again"
        )


def new_request(request_id: str, profile: str, kind: Kind, requested_by: str, received_at: int) -> Request:
    """Make a request about a profile, whose id is spelt as its consent is.

    Raises:
        ConfigError: a part of it is not what the schema allows.

    """
    request = Request(request_id, profile, kind, requested_by, received_at)
    spelt = Request(request_id, request.profile, kind, requested_by, received_at)
    if isinstance(parse_request(*encode_request(spelt)), RequestFault):
        raise ConfigError(
            "the request is not what schemas/privacy-request.json allows: a profile id has 1 to 256 characters,"
            " --requested-by is a word of a-z, 0-9, dots and dashes"
        )
    return spelt
