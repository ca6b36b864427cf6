"""The receipts of a role: where each chain stands, and what is written about the next chunk."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.ledger.decisions import Key
from pipeline.ledger.receipt import PolicyRef, key_of
from pipeline.ledger.writing import START, Decided, Head, head_at, write
from pipeline.policy.compiled import CompiledPolicy
from pipeline.stream.chunk import Chunk, Origin
from pipeline.stream.producer import ProduceBatch
from pipeline.stream.topics import LEDGER
from pipeline.workers.context import now_ms

NOTHING: Mapping[str, int] = Counter()


class Receipts:
    """Writes receipts, chunk after chunk of each partition in the order of its offsets.

    names: code of each decision. replay: name of the replay that this is; its heads are given with `continue_from`, and
    what it does not take is no hole.
    """

    def __init__(self, prefix: str, names: Mapping[Key, str], *, replay: str | None = None) -> None:
        self._names = names
        self._replay = replay
        self._ledger = prefix + LEDGER
        self._origins: dict[int, Origin | None] = {}
        self._heads: dict[int, Head] = {}
        self._furthest: dict[int, int] = {}

    def continue_from(self, partition: int, head: Head) -> None:
        """Go on from a head that is kept elsewhere than in the commits of a group."""
        self._heads[partition] = head

    def add(
        self,
        chunk: Chunk,
        decisions: Sequence[Key | list[Key]],
        policy: CompiledPolicy,
        batch: ProduceBatch,
        *,
        stripped: Mapping[str, int] = NOTHING,
        lost: Mapping[str, int] = NOTHING,
    ) -> None:
        """Put the chunk's receipt into the batch of its results, and the head into its note.

        decisions: one for each record; a list for an array record.
        """
        topic, partition = chunk.tp
        if chunk.origin is not self._origins.get(partition):  # (re)assigned: what others have committed counts
            self._origins[partition] = chunk.origin
            assert chunk.origin is not None
            self._heads[partition] = head_at(*chunk.origin)
        written = write(
            self._heads.get(partition, START),
            topic,
            partition,
            Decided([record.offset for record in chunk.records], decisions, stripped, lost),
            PolicyRef(policy.version, policy.sha256),
            names=self._names,
            issued_at=now_ms(),
            redelivered=chunk.first_offset < self._furthest.get(partition, 0),
            replay=self._replay,
        )
        for value in written.values:
            batch.add(self._ledger, value, key_of(topic, partition))
        self._heads[partition] = written.head if self._replay is None else Head(None, written.head.digest)
        self._furthest[partition] = max(self._furthest.get(partition, 0), chunk.last_offset + 1)
        chunk.note.text = written.head.digest
