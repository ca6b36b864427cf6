"""The partition of a key is the same for everybody who writes to Kafka."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.partition import murmur2, murmur2_partition


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_what_the_java_client_gives(data: bytes, digest: int) -> None:
    """Vectors of Apache Kafka's UtilsTest.testMurmur2, where the result is a signed int."""
    assert murmur2(data) == digest % 2**32


@given(st.binary(max_size=64), st.integers(1, 200))
def test_keys_go_where_aiokafka_puts_them(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert murmur2_partition(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)
