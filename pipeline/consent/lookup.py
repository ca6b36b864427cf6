"""What the core asks: the consent state of a profile whose event arrived on a partition."""

from functools import lru_cache

from pipeline.consent.state import PartitionState, Shapes
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.stream.partition import murmur2_partition

HOMES_CACHED = 16_384  # profiles; those without consent send many events in a row, and murmur2 costs some 4 µs

_home = lru_cache(HOMES_CACHED)(murmur2_partition)


class PartitionLookup:
    """The states of one partition, as far as the reader has come.

    It stays usable after the partition was given up: it is then as it was at that moment, which is enough for
    chunks whose barrier was passed before. It never turns into the state of a later assignment.
    """

    __slots__ = ("_held", "_partition", "_partitions", "_unpack")

    def __init__(self, state: PartitionState, shapes: Shapes, partitions: int) -> None:
        """`partitions` is the number of partitions of the raw and of the consent topic."""
        self._held = state.held
        self._partition = state.partition
        self._partitions = partitions
        self._unpack = shapes.unpack

    def get(self, profile_id: str, /) -> ConsentRecord | ConsentFault | None:
        """Return the state of a profile, by its normalised id (`pipeline.core.consent.normalise_id`).

        None means that there is no record. `ConsentFault.MISROUTED` means that none could be here: the
        profile's consent is on another partition, so its event was published with another partitioner.
        """
        held = self._held.get(profile_id)
        if isinstance(held, bytes):
            return self._unpack(profile_id, held)
        if held is not None:
            return held
        home = _home(profile_id.encode("utf-8", "surrogatepass"), self._partitions)
        return None if home == self._partition else ConsentFault.MISROUTED
