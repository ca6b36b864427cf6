"""The demo: a whole deployment on this machine, the sample events through it, and what became of them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live

from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.accounts import Account, scrapes, settle
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.generate import Generator, encode
from pipeline.sandbox.screen import account_table, before_and_after, flow_table

SAMPLES = Path(__file__).parent / "samples"
SETTLE_S = 120.0
REFRESH_S = 0.5
BANNER = """[bold]coppice demo[/bold]: nothing leaves this machine; two stand-ins play Mixpanel's US and India projects.
[yellow]The demo opens what is closed by default[/yellow] (pipeline/sandbox/demo-settings.yaml): the vendor gate for \
US children, teens, adults and Indian adults; audience "mixed"; age screens and users' own word for US ages; one \
cluster for both regions. With the shipped settings nothing would leave."""


@contextmanager
def running(console: Console) -> Iterator[Deployment]:
    """Start everything the demo needs: broker, topics, stand-ins, a worker of each role and region."""
    console.print(BANNER)
    with Deployment(say=lambda text: console.print(f"[dim]… {text}[/dim]")) as deployment:
        console.print("[dim]… starting a sanitize and a rights worker, and a deliver worker for each region[/dim]")
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("rights", "all", wait=False)
        for region in Region:
            deployment.add_worker("deliver", region.value, wait=False)
        deployment.wait_ready()
        yield deployment


def publish_samples(publisher: Publisher, consent_topic: str) -> int:
    """Publish the sample consent records, wait for the broker, then the sample events; return how many events."""
    for line in _lines("consent.ndjson"):
        publisher.publish_raw(line, _key(line), topic=consent_topic)
    publisher.flush()
    count = 0
    for line in _lines("raw_events.ndjson"):
        publisher.publish_raw(line, _key(line))
        count += 1
    publisher.flush()
    return count


def run_once(console: Console, report: Path | None, received: Path | None) -> Account:
    """Send the samples through, wait until every event has a fate, print and write the account."""
    with running(console) as deployment:
        with deployment.publisher() as publisher:
            published = publish_samples(publisher, deployment.topic("consent"))
        console.print(f"[dim]… {published} sample events published[/dim]")
        account = settle(deployment, published, SETTLE_S)
        if received is not None:
            _write_received(deployment, received)
        console.print(before_and_after())
        console.print(account_table(account))
        if report is not None:
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(json.dumps(account.document(), indent=2) + "\n", encoding="utf-8")
        return account


def run_steady(console: Console, rate: float) -> None:
    """Send the samples and then a steady stream through, and show the flow, until interrupted."""
    with running(console) as deployment, deployment.publisher() as publisher:
        published = publish_samples(publisher, deployment.topic("consent"))
        settle(deployment, published, SETTLE_S)
        console.print(before_and_after())
        for worker in deployment.workers:
            console.print(f"[dim]metrics of {worker.name}: http://127.0.0.1:{worker.port}/metrics[/dim]")
        console.print(f"{rate:g} events a second follow; Ctrl-C stops everything.")
        stop = threading.Event()
        steady = threading.Thread(target=_generate, args=(publisher, rate, stop), daemon=True)
        steady.start()
        try:
            with Live(console=console, auto_refresh=False) as live:
                while True:
                    live.update(flow_table(deployment, scrapes(deployment, "sanitize")), refresh=True)
                    time.sleep(REFRESH_S)
        finally:
            stop.set()
            steady.join()


def _generate(publisher: Publisher, rate: float, stop: threading.Event) -> None:
    generator = Generator(seed=time.time_ns() & 0xFFFF, profiles=300, dirty=True)
    for record in generator.consents():
        publisher.publish_consent(record)
    publisher.flush()
    for event in generator.stream(rate):
        if stop.is_set():
            return
        publisher.publish_raw(encode(event), str(event["profile_id"]).encode())


def _write_received(deployment: Deployment, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for region, standin in deployment.standins.items():
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in standin.events())
        (directory / f"{region}.ndjson").write_text(lines, encoding="utf-8")


def _lines(name: str) -> Iterator[bytes]:
    with (SAMPLES / name).open("rb") as file:
        yield from (line.rstrip(b"\n") for line in file)


def _key(line: bytes) -> bytes:
    return str(json.loads(line)["profile_id"]).encode()
