"""Reading the ledger of a cluster: all of it for a verdict, or the place where one offset's receipts lie."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pipeline.ledger.receipt import Chain, Receipt, key_of, parse_receipt
from pipeline.ledger.verify import Verdict, Verifier
from pipeline.ledger.writing import Head, head_at
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.committed import committed
from pipeline.stream.log_reader import LogReader
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, LEDGER, RAW, TOPICS

READER = "coppice-audit"  # names the client to the broker; nothing is committed under it
GROUPS: Mapping[str, str] = {RAW: "sanitize", CLEAN_US: "deliver-us", CLEAN_IN: "deliver-in"}
"""By source topic, whose committed offsets carry the heads of its chains."""

NEAR = 2_000  # records of the ledger that are read on rather than searched
AGAIN_MS = next(topic.retention_ms for topic in TOPICS if topic.name == RAW) + 3_600_000
"""For how long after a decision the same raw record may be decided about again, by a restart or a replay."""

Advance = Callable[[int, int], object]
"""Called with the records read and the records there are."""


class Found(NamedTuple):
    """A receipt that is about the offset that was asked for, and where it lies on the ledger."""

    receipt: Receipt
    partition: int
    offset: int


def open_ledger(kafka: KafkaSettings) -> LogReader:
    """Return a reader of the ledger. Raise ConfigError when the broker refuses."""
    return LogReader(kafka, kafka.topic_prefix + LEDGER, READER)


def heads_of(kafka: KafkaSettings) -> dict[Chain, Head]:
    """Return the heads of the chains of all source partitions. Raise ConfigError as `committed` does."""
    return {
        (source, partition, None): head_at(*noted)
        for topic, group in GROUPS.items()
        for (source, partition), noted in committed(kafka, f"{kafka.group_prefix}-{group}").items()
        if source == kafka.topic_prefix + topic
    }


def verify_ledger(
    ledger: LogReader,
    heads: Mapping[Chain, Head],
    *,
    since_ms: int | None = None,
    noted: Mapping[str, tuple[Chain, int]] | None = None,
    advance: Advance = lambda _done, _total: None,
) -> Verdict:
    """Read the ledger, from a time or from its beginning, and return the verdict. Raise ConfigError as the reader does.

    heads: read before, so that the receipts of what they say is done are there by now. noted: as of `Verifier`.
    """
    spans = []
    cut = since_ms is not None
    for partition in range(ledger.partitions()):
        low, high = ledger.bounds(partition)
        start = low if since_ms is None else ledger.offset_at(partition, since_ms)
        cut = cut or low > 0
        spans.append((partition, start, max(start, high)))
    total = sum(end - start for _, start, end in spans)
    verifier, done = Verifier(cut=cut, noted=noted), 0
    for partition, start, end in spans:
        for record in ledger.read(partition, start, end):
            verifier.take(record.value, ledger.topic, partition, record.offset)
            done += 1
            if done % NEAR == 0:
                advance(done, total)
    advance(total, total)
    return verifier.end(heads)


def find(ledger: LogReader, topic: str, partition: int, offset: int) -> Iterator[Found]:
    """Yield every receipt about one offset of a source, in the order in which they were written.

    topic: full name. Receipts of a partition rise with its offsets but for short steps back after a crash, so the
    first is searched for by halves. Raise ConfigError as the reader does.
    """
    place = murmur2_partition(key_of(topic, partition), ledger.partitions())
    low, high = ledger.bounds(place)
    first, last = low, high
    while last - first > NEAR:
        middle = (first + last) // 2
        begins = _next_of(ledger, place, middle, last, (topic, partition, None))
        if begins is None or begins > offset:
            last = middle
        else:
            first = middle
    yield from _around(ledger, place, max(low, first - NEAR), high, (topic, partition, offset))


def _next_of(ledger: LogReader, place: int, start: int, end: int, chain: Chain) -> int | None:
    """Return the first source offset of the next receipt of a chain, None if there is none before `end`."""
    for record in ledger.read(place, start, end):
        receipt = parse_receipt(record.value)
        if receipt is not None and receipt.chain == chain:
            return receipt.source.first_offset
    return None


def _around(ledger: LogReader, place: int, start: int, end: int, wanted: tuple[str, int, int]) -> Iterator[Found]:
    topic, partition, offset = wanted
    until_ms: int | None = None
    for record in ledger.read(place, start, end):
        receipt = parse_receipt(record.value)
        if receipt is None or (receipt.source.topic, receipt.source.partition) != (topic, partition):
            continue
        if until_ms is not None and receipt.issued_at > until_ms:
            return
        if receipt.source.first_offset > offset and until_ms is None:
            until_ms = receipt.issued_at + AGAIN_MS
        covers = receipt.source.first_offset <= offset <= receipt.source.last_offset
        if covers and (receipt.replay is None or receipt.at(offset) is not None):
            yield Found(receipt, place, record.offset)
