"""The receipt of a chunk (schemas/receipt.json): what was decided about each record, and the receipt before it.

No value of an event and no id of a person is in it (R31, R34; DPDP Act s.6(10), Rules r.6(1)(c),(e)). A receipt's
digest is that of its bytes as they lie on the topic, so nothing has to be written one way to be checked.
"""

import hashlib

import msgspec

from pipeline.ledger.decisions import Run, unpack

NOTHING = "0" * 64  # the digest before the first receipt
_HEX = frozenset("0123456789abcdef")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a chunk was read from: full topic name, partition, and its offsets, both included."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int


class PolicyRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy that decided."""

    version: str
    sha256: str


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One receipt. issued_at: milliseconds since the epoch; codes, decisions: see `pipeline.ledger.decisions`.

    counts: events for each of `codes`. stripped: how often each registered property was held back by its name, and
    under `unregistered` those that no schema lists; lost: how often one of a class was held back for its value.
    previous: digest of the receipt that ends where this one begins. redelivered: the process that wrote it had decided
    about some of these records before. replay: name of the replay that decided again.
    """

    issued_at: int
    source: Source
    codes: list[str]
    decisions: str
    counts: list[int]
    policy: PolicyRef
    previous: str
    stripped: dict[str, int] = {}
    lost: dict[str, int] = {}
    redelivered: bool = False
    replay: str | None = None

    @property
    def chain(self) -> "Chain":
        """Return whose chain it belongs to: a replay has one of its own."""
        return self.source.topic, self.source.partition, self.replay

    def runs(self) -> list[Run]:
        """Return the decisions, run by run, in the order of offsets."""
        return list(unpack(self.decisions))

    def at(self, offset: int) -> tuple[str, ...] | None:
        """Return the codes for one offset of the source; None where the topic held no record."""
        reached = self.source.first_offset
        for codes, length in self.runs():
            if offset < reached + length:
                return None if codes is None else tuple(self.codes[code] for code in codes)
            reached += length
        raise IndexError(offset)


Chain = tuple[str, int, str | None]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Receipt)


def encode(receipt: Receipt) -> bytes:
    """Return a receipt as it is written."""
    return _encoder.encode(receipt)


def digest(value: bytes) -> str:
    """Return the name under which the next receipt of the chain knows the one with these bytes."""
    return hashlib.sha256(value).hexdigest()


def key_of(topic: str, partition: int) -> bytes:
    """Return the record key of the receipts of a source partition."""
    return f"{topic}/{partition}".encode()


def parse_receipt(value: bytes | None) -> Receipt | None:
    """Read a value of the ledger; None for what is not a receipt, or says different things about itself."""
    if value is None:
        return None
    try:
        receipt = _decoder.decode(value)
        return receipt if _adds_up(receipt) else None
    except ValueError:  # msgspec's and Unicode's errors are ValueErrors
        return None


def _adds_up(receipt: Receipt) -> bool:
    counts = [0] * len(receipt.codes)
    length = 0
    for codes, times in receipt.runs():
        length += times
        for code in codes or ():
            if code >= len(counts):
                return False
            counts[code] += times
    source = receipt.source
    return (
        counts == receipt.counts
        and source.first_offset >= 0
        and length == source.last_offset - source.first_offset + 1 > 0
        and len(receipt.previous) == len(NOTHING)
        and _HEX.issuperset(receipt.previous)
    )
