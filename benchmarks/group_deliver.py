"""One deliver worker into a stand-in that only counts, and beside it the official client's BufferedConsumer.

Both once more with 50 ms before each answer, since a real endpoint is never next door.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.site import Site, helper, standin, steady
from benchmarks.watch import Run, watch
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.mixpanel import sandbox_project
from pipeline.sandbox.mixpanel_client import StandInClient
from pipeline.stream.clean_headers import HEADERS
from pipeline.stream.topics import CLEAN_US

WORKER: Final = {0: "deliver_worker_events_per_s", 50: "deliver_worker_50ms_events_per_s"}
BUFFERED: Final = {0: "buffered_consumer_events_per_s", 50: "buffered_consumer_50ms_events_per_s"}
NAMES: Final = (*WORKER.values(), *BUFFERED.values())
PREFIX: Final = "bench-deliver-"
LIMIT_S: Final = 120.0
# The last batch of each run waits for events that never come, until its linger time is over: a rate of delivery has
# nothing to do with that.
COUNTED: Final = 0.95
HELPER_EVENTS: Final = 2_000


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Fill the clean topic once; every repeat is a new consumer group and a new stand-in."""
    records = site.pool.clean_of(Region.US)
    size = round(sum(len(value) for _, value in records) / len(records))
    if wanted & set(WORKER.values()):
        with site.deployment(PREFIX):  # its topics stay when it ends
            site.say(f"producing {site.scale.deliver:,} clean events")
            site.feeder.feed(PREFIX + CLEAN_US, islice(cycle(records), site.scale.deliver), HEADERS[Cohort.US_ADULT])
    for delay_ms, name in WORKER.items():
        if name in wanted:
            yield _worker_figure(site, name, delay_ms, size)
    lines = b"\n".join(value for _, value in records[:HELPER_EVENTS])
    for delay_ms, name in BUFFERED.items():
        if name in wanted:
            yield _buffered_figure(site, name, delay_ms, size, lines)


def _worker_figure(site: Site, name: str, delay_ms: int, size: int) -> Figure:
    runs = []
    for repeat in range(site.scale.repeats):
        site.say(f"deliver worker, {delay_ms} ms away, {repeat + 1} of {site.scale.repeats}")
        runs.append(_deliver(site, delay_ms))
    busy = {who: [round(run.cores(who), 2) for run in runs] for who in ("worker", "standin", "broker")}
    return Figure(
        name,
        tuple(run.rate for run in runs),
        f"CPU of this machine: up to {max(busy['worker']):.2f} cores in the worker (fetching records and gzip),"
        f" {max(busy['standin']):.2f} in the stand-in and {max(busy['broker']):.2f} in the broker; up to 8 requests are"
        " in flight, so the latency of one is hidden behind the others.",
        {
            "events": [run.events for run in runs],
            "bytes_per_event": size,
            "worker_cpu_us_per_event": [round(run.cpu_us("worker"), 1) for run in runs],
            **{f"{who}_cores_busy": values for who, values in busy.items()},
        },
    )


def _deliver(site: Site, delay_ms: int) -> Run:
    project = sandbox_project(Region.US)
    with standin(Region.US, delay_ms) as (url, pid):
        mixpanel: dict[str, Any] = {
            "us": {
                "host": url,
                "project_id": project.project_id,
                "token": project.token,
                "service_account_user": project.service_account_user,
                "service_account_secret": project.secret,
            }
        }
        client = StandInClient(url, project)
        with site.deployment(PREFIX, mixpanel) as deployment:
            worker = deployment.add_worker("deliver", "us", wait=False)
            processes = {"worker": steady(worker), "standin": pid, "broker": site.broker.pid}
            total = int(site.scale.deliver * COUNTED)
            run = watch(lambda: int(client.state()["stored"]), total, processes, limit_s=LIMIT_S)
            steady(worker)
    return run


def _buffered_figure(site: Site, name: str, delay_ms: int, size: int, lines: bytes) -> Figure:
    count = site.scale.buffered_far if delay_ms else site.scale.buffered
    results = []
    for repeat in range(site.scale.repeats):
        site.say(f"BufferedConsumer, {delay_ms} ms away, {repeat + 1} of {site.scale.repeats}")
        with standin(Region.US, delay_ms) as (url, _):
            results.append(helper("buffered_consumer.py", url, Region.US, count, given=lines))
    limits = (
        "Latency: one request of at most 50 events at a time, and the caller waits for its answer."
        if delay_ms
        else "CPU of its process: requests of at most 50 events, one after the other, uncompressed and form-encoded."
    )
    return Figure(
        name,
        tuple(result["events"] / result["seconds"] for result in results),
        limits,
        {
            "events": [result["events"] for result in results],
            "bytes_per_event": size,
            "cpu_us_per_event": [round(result["cpu_s"] / result["events"] * 1e6, 1) for result in results],
        },
    )
