"""The partition of a key, as the Java client, aiokafka, Faust and librdkafka's `murmur2_random` compute it.

Events and consent of a profile meet in one worker only because everybody uses this function, so a reader can
also use it to recognise a record that a differently configured producer put elsewhere. Source:
`org.apache.kafka.common.utils.Utils.murmur2` and `BuiltInPartitioner.partitionForKey`.
"""

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_SHIFT = 24
_WORD = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 of `data` as an unsigned number."""
    length = len(data)
    tail_at = length & ~3
    digest = (_SEED ^ length) & _WORD
    for start in range(0, tail_at, 4):
        word = int.from_bytes(data[start : start + 4], "little")
        word = (word * _MULTIPLIER) & _WORD
        word ^= word >> _SHIFT
        word = (word * _MULTIPLIER) & _WORD
        digest = ((digest * _MULTIPLIER) & _WORD) ^ word
    if tail_at != length:
        digest ^= int.from_bytes(data[tail_at:], "little")
        digest = (digest * _MULTIPLIER) & _WORD
    digest ^= digest >> 13
    digest = (digest * _MULTIPLIER) & _WORD
    return digest ^ (digest >> 15)


def murmur2_partition(key: bytes, partitions: int) -> int:
    """Return the partition (from 0) that a record with this key belongs to, of `partitions` in the topic."""
    return (murmur2(key) & _POSITIVE) % partitions
