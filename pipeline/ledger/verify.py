"""Does the ledger account for everything, and is it as it was written? Pure: receipts in, verdict out.

A chain holds if every receipt names an earlier one that reaches to where it begins. Then its ranges tile the partition
without a hole, however often a range was done again: a branch that nothing follows is a range that was repeated after a
crash, and overlaps. What was changed or taken out leaves its successor naming a receipt that is not there; for the last
one, whose successor is still to come, the head that is kept with the committed offset is compared.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pipeline.ledger.receipt import NOTHING, Chain, Receipt, digest, parse_receipt
from pipeline.ledger.writing import Head

SHOWN = 100  # faults and absent ranges kept by their offsets; the rest is counted
REMEMBERED = 20_000  # receipts of a chain that a later one may name; some hundred are between two commits


class FaultKind(StrEnum):
    """What can be wrong."""

    UNREADABLE = "unreadable"  # not a receipt, or one that contradicts itself
    BROKEN = "broken"  # it names a receipt that is not there: one was changed, or taken out
    HOLE = "hole"  # offsets that no receipt is about
    RESTARTED = "restarted"  # a chain began anew, without a hole: its head was lost with the committed offset
    HEAD = "head"  # the committed offset names a last receipt that is not there
    BEHIND = "behind"  # offsets were acknowledged that no receipt is about
    NOTED = "noted"  # a receipt that somebody has noted elsewhere is not there any more


class Fault(NamedTuple):
    """One thing that is wrong. offset: of the source where it shows; for an unreadable record, of the ledger."""

    kind: FaultKind
    topic: str
    partition: int
    offset: int
    replay: str | None = None


@dataclass(slots=True)
class Account:
    """What the receipts of one chain say, as far as they have been read.

    begins, next_offset: what they cover. repeated: offsets about which there is more than one receipt. events: by
    code, each offset as often as there are receipts about it. absent: ranges (first, last) without a record;
    absent_count: of all offsets in such ranges.
    """

    begins: int
    next_offset: int
    last_digest: str = NOTHING
    receipts: int = 0
    repeated: int = 0
    events: Counter[str] = field(default_factory=Counter)
    absent: list[tuple[int, int]] = field(default_factory=list)
    absent_count: int = 0
    known: dict[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """accounts: by chain. faults: the first of them; faults_count: how many there are."""

    accounts: Mapping[Chain, Account]
    faults: tuple[Fault, ...]
    faults_count: int

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong."""
        return self.faults_count == 0


class Verifier:
    """Takes over the ledger record by record, each partition of it in the order of its log.

    cut: what is read does not begin with the first receipt of all, because of retention, or of where reading began: the
    first receipt of a chain may then name one that is not there. noted: heads that somebody has kept outside of the
    cluster, by their digests. Whoever rewrote a whole chain, heads included, would be found out by one of them.
    """

    def __init__(self, *, cut: bool = False, noted: Mapping[str, tuple[Chain, int]] | None = None) -> None:
        self._cut = cut
        self._noted = dict(noted or {})
        self._accounts: dict[Chain, Account] = {}
        self._faults: list[Fault] = []
        self._count = 0

    def take(self, value: bytes | None, ledger: str, partition: int, offset: int) -> Receipt | None:
        """Take over one record; the rest says where it lies on the ledger. Return it, if it is a receipt."""
        receipt = parse_receipt(value)
        if receipt is None or value is None:
            self._fault(Fault(FaultKind.UNREADABLE, ledger, partition, offset))
            return None
        account = self._accounts.get(receipt.chain)
        if account is None:
            account = self._accounts[receipt.chain] = self._opened(receipt)
        elif receipt.replay is not None:
            self._replayed(receipt, account)
        else:
            self._linked(receipt, account)
        name = digest(value)
        self._noted.pop(name, None)
        _add(account, receipt, name)
        return receipt

    def end(self, heads: Mapping[Chain, Head]) -> Verdict:
        """Return the verdict. heads: of chains, as they are kept beside the committed offsets."""
        for chain, head in heads.items():
            topic, partition, replay = chain
            if head.next_offset is None:
                continue
            account = self._accounts.get(chain)
            if account is None or account.next_offset < head.next_offset:
                begins = account.next_offset if account is not None else 0
                if account is not None or not self._cut:
                    self._fault(Fault(FaultKind.BEHIND, topic, partition, begins, replay))
            elif head.digest != NOTHING and account.known.get(head.digest) != head.next_offset:
                self._fault(Fault(FaultKind.HEAD, topic, partition, head.next_offset, replay))
        for (topic, partition, replay), offset in self._noted.values():
            self._fault(Fault(FaultKind.NOTED, topic, partition, offset, replay))
        return Verdict(self._accounts, tuple(self._faults), self._count)

    def _opened(self, receipt: Receipt) -> Account:
        first = receipt.source.first_offset
        if receipt.previous != NOTHING and not self._cut:
            self._fault(_at(FaultKind.BROKEN, receipt))
        return Account(begins=first, next_offset=first)

    def _linked(self, receipt: Receipt, account: Account) -> None:
        first = receipt.source.first_offset
        if first > account.next_offset:
            self._fault(_at(FaultKind.HOLE, receipt, account.next_offset))
        elif receipt.previous == NOTHING:
            if first != account.begins:  # else it is the same beginning again: a crash before the first commit
                self._fault(_at(FaultKind.RESTARTED, receipt))
        elif receipt.previous not in account.known:
            # another branch from a receipt that was there before reading began
            if not (self._cut and first <= account.begins):
                self._fault(_at(FaultKind.BROKEN, receipt))
        elif account.known[receipt.previous] < first:
            self._fault(_at(FaultKind.HOLE, receipt, account.known[receipt.previous]))

    def _replayed(self, receipt: Receipt, account: Account) -> None:
        """A replay takes what it is asked for, so its ranges need not meet; and it may be told to begin again."""
        if receipt.previous != NOTHING and receipt.previous not in account.known:
            self._fault(_at(FaultKind.BROKEN, receipt))

    def _fault(self, fault: Fault) -> None:
        self._count += 1
        if len(self._faults) < SHOWN:
            self._faults.append(fault)


def verify(values: Iterable[bytes], heads: Mapping[Chain, Head] | None = None, *, cut: bool = False) -> Verdict:
    """Return the verdict on the records of one ledger partition."""
    verifier = Verifier(cut=cut)
    for offset, value in enumerate(values):
        verifier.take(value, "ledger", 0, offset)
    return verifier.end(heads or {})


def absent_of(receipt: Receipt) -> Iterator[tuple[int, int]]:
    """Yield the ranges (first, last) of a receipt in which there was no record; in a replay's, none that it took."""
    offset = receipt.source.first_offset
    for codes, length in receipt.runs():
        if codes is None:
            yield offset, offset + length - 1
        offset += length


def _at(kind: FaultKind, receipt: Receipt, offset: int | None = None) -> Fault:
    source = receipt.source
    return Fault(
        kind, source.topic, source.partition, source.first_offset if offset is None else offset, receipt.replay
    )


def _add(account: Account, receipt: Receipt, name: str) -> None:
    first, last = receipt.source.first_offset, receipt.source.last_offset
    account.receipts += 1
    account.repeated += max(0, min(last + 1, account.next_offset) - max(first, account.begins))
    account.begins = min(account.begins, first)
    account.next_offset = max(account.next_offset, last + 1)
    account.last_digest = name
    account.known[name] = last + 1
    if len(account.known) > REMEMBERED:
        del account.known[next(iter(account.known))]
    for code, count in zip(receipt.codes, receipt.counts, strict=True):
        account.events[code] += count
    for begin, end in absent_of(receipt) if receipt.replay is None else ():
        account.absent_count += end - begin + 1
        if len(account.absent) < SHOWN:
            account.absent.append((begin, end))
