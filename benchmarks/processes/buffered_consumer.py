"""The official client's batching consumer, sending import objects one after the other: the deliver worker's baseline.

Arguments: address of the stand-in, region, number of events. Standard input: import objects, one a line; they are
sent again from the start when there are too few. Prints the time from the first to the last acknowledged.
"""

import json
import signal
import sys
import time
from itertools import cycle, islice

from mixpanel import BufferedConsumer, Mixpanel, ServiceAccountCredentials

from pipeline.sandbox.mixpanel import sandbox_project

LIMIT_S = 120
OWN = {"token", "distinct_id", "time", "mp_lib", "$lib_version"}  # what the client writes by itself


def main() -> None:
    """Send, print, end."""
    url, region, total = sys.argv[1:]
    signal.alarm(LIMIT_S)
    project = sandbox_project(region)
    consumer = BufferedConsumer(
        import_url=f"{url}/import",
        credentials=ServiceAccountCredentials(project.service_account_user, project.secret, project.project_id),
    )
    client = Mixpanel(project.token, consumer=consumer)
    calls = []
    for line in sys.stdin.buffer:
        event = json.loads(line)
        given = event["properties"]
        own = {name: value for name, value in given.items() if name not in OWN}
        calls.append((given["distinct_id"], event["event"], given["time"], own))
    began, cpu = time.perf_counter(), time.process_time()
    for distinct_id, name, at, properties in islice(cycle(calls), int(total)):
        client.import_data(None, distinct_id, name, at, properties)
    consumer.flush()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    sys.stdout.write(json.dumps({"events": int(total), "seconds": seconds, "cpu_s": cpu_s}) + "\n")


if __name__ == "__main__":
    main()
