"""A Faust agent with Faust's own settings that does nothing with what it gets: the baseline of the sanitize worker.

Arguments: bootstrap address, topic, group, number of events. Prints the time from the first event to the last.
"""

import json
import os
import signal
import sys
import time
from typing import Any

import faust

LIMIT_S = 120


def main() -> None:
    """Consume, print, end."""
    bootstrap, topic, group, total = sys.argv[1:]
    signal.alarm(LIMIT_S)
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        value_serializer="raw",
        web_enabled=False,
        topic_allow_declare=False,  # the topic is there, and so is nothing else of Faust's
        topic_disable_leader=True,
    )
    last = int(total)

    @app.agent(app.topic(topic))
    async def nothing(stream: Any) -> None:
        seen, began, cpu = 0, 0.0, 0.0
        async for _ in stream:
            seen += 1
            if seen == 1:
                began, cpu = time.perf_counter(), time.process_time()
            elif seen == last:
                _report(seen - 1, time.perf_counter() - began, time.process_time() - cpu)

    worker = faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


def _report(events: int, seconds: float, cpu_s: float) -> None:
    """Print and end at once: what is left of the topic is nobody's business."""
    result = json.dumps({"events": events, "seconds": seconds, "cpu_s": cpu_s})
    sys.stdout.write(f"\n{result}\n")  # on a line of its own: Faust draws a spinner
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
