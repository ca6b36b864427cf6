from pathlib import Path

import pytest

from pipeline.ops.memory_limit import memory_limit


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        ("memory.max", "536870912\n", 512 * 1024**2),
        ("memory.max", "max\n", 0),
        ("memory/memory.limit_in_bytes", "536870912\n", 512 * 1024**2),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", 0),
        ("something.else", "1", 0),
    ],
)
def test_the_limit_is_what_the_container_was_told(tmp_path: Path, file: str, text: str, limit: int) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="ascii")
    assert memory_limit(tmp_path) == limit
