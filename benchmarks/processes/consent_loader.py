"""A consent reader that follows every partition from its beginning, as a worker does at its start.

Arguments: bootstrap address, topic, partitions. Prints how many profiles it knows at the end, and the time to there.
"""

import asyncio
import json
import signal
import sys
import time
from typing import Any

import psutil

from pipeline.consent.reader import ConsentReader

LIMIT_S = 120
POLL_S = 0.005


async def load(bootstrap: str, topic: str, partitions: int) -> dict[str, Any]:
    """Read until complete."""
    process = psutil.Process()
    before, cpu = process.memory_info().rss, time.process_time()
    reader = ConsentReader({"bootstrap.servers": bootstrap}, topic, partitions)
    every = frozenset(range(partitions))
    began = time.perf_counter()
    await reader.start()
    reader.follow(every)
    while not reader.complete(every):  # noqa: ASYNC110 - the reader tells it, and signals it nowhere
        await asyncio.sleep(POLL_S)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    known = reader.snapshot()
    grown = process.memory_info().rss - before
    await reader.stop()
    return {
        "records": known.records,
        "unreadable": known.unreadable,
        "seconds": seconds,
        "cpu_s": cpu_s,
        "rss_mb": grown / 1e6,
    }


def main() -> None:
    """Load, print, end."""
    bootstrap, topic, partitions = sys.argv[1:]
    signal.alarm(LIMIT_S)
    sys.stdout.write(json.dumps(asyncio.run(load(bootstrap, topic, int(partitions)))) + "\n")


if __name__ == "__main__":
    main()
