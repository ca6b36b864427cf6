"""Writing the receipts of a chunk: pure, so that the roles do nothing but produce what comes out.

A chain goes by source offsets: each receipt names the one that ends where it begins. The head of a chain is therefore a
matter of the committed offset, and is kept with it: the digest is the text beside the offset in the same commit. Where
work is repeated after a crash, it goes on from the last receipt that was acknowledged; what had been written after that
stays in the ledger as a branch that nothing follows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.ledger.decisions import Key, pack
from pipeline.ledger.receipt import NOTHING, PolicyRef, Receipt, Source, digest, encode

LONGEST = 256 * 1024  # letters of decisions in one receipt; the topic takes a megabyte
_DIGEST = len(NOTHING)


class Head(NamedTuple):
    """Where a chain stands. next_offset: the offset it goes on at, None before the first receipt of all."""

    next_offset: int | None
    digest: str


START = Head(None, NOTHING)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of the records of a chunk, or of a part of it. offsets rise; decisions: one for each of them."""

    offsets: Sequence[int]
    decisions: Sequence[Key | list[Key]]
    stripped: Mapping[str, int]
    lost: Mapping[str, int]


class Written(NamedTuple):
    """Receipts, ready to be produced in this order under the key of their source; and the head after them."""

    values: list[bytes]
    head: Head


def head_at(offset: int | None, note: str) -> Head:
    """Return the head for a committed offset and the text beside it; without a digest there, a chain begins anew."""
    if offset is None:
        return START
    known = len(note) == _DIGEST and not note.strip("0123456789abcdef")
    return Head(offset, note if known else NOTHING)


def write(
    head: Head,
    topic: str,
    partition: int,
    decided: Decided,
    policy: PolicyRef,
    *,
    names: Mapping[Key, str],
    issued_at: int,
    redelivered: bool = False,
    replay: str | None = None,
) -> Written:
    """Return the receipt of a chunk; several, if one would be too long for the topic.

    names: the code of each decision that occurs.
    """
    first = decided.offsets[0]
    if head.next_offset is not None and head.next_offset < first:
        first = head.next_offset  # offsets that were never delivered: accounted for as holding no record
    counts, text = pack(first, decided.offsets, decided.decisions)
    if len(text) > LONGEST and len(decided.offsets) > 1:
        values: list[bytes] = []
        for part in _halves(decided):
            written = write(
                head,
                topic,
                partition,
                part,
                policy,
                names=names,
                issued_at=issued_at,
                redelivered=redelivered,
                replay=replay,
            )
            values += written.values
            head = written.head
        return Written(values, head)
    receipt = Receipt(
        issued_at=issued_at,
        source=Source(topic, partition, first, decided.offsets[-1]),
        codes=[names[key] for key in counts],
        decisions=text,
        counts=list(counts.values()),
        policy=policy,
        previous=head.digest,
        stripped=dict(decided.stripped),
        lost=dict(decided.lost),
        redelivered=redelivered,
        replay=replay,
    )
    value = encode(receipt)
    return Written([value], Head(receipt.source.last_offset + 1, digest(value)))


def _halves(decided: Decided) -> tuple[Decided, Decided]:
    """Cut in two; what was stripped is told with the second half."""
    middle = len(decided.offsets) // 2
    nothing: Counter[str] = Counter()
    return (
        Decided(decided.offsets[:middle], decided.decisions[:middle], nothing, nothing),
        Decided(decided.offsets[middle:], decided.decisions[middle:], decided.stripped, decided.lost),
    )
