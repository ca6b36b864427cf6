"""`coppice generate`: invented raw events and consent records, into Kafka or into files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from pipeline.ops.errors import ConfigError
from pipeline.publish import Publisher, PublishError
from pipeline.sandbox.generate import TYPICAL_BYTES, Generator, encode, publish_consents, publish_events
from pipeline.stream.topics import CONSENT, RAW

_FLUSH_EVERY = 10_000
_PATIENCE_MS = 10_000  # somebody is watching


@click.command()
@click.option("--bootstrap", envvar="COPPICE_KAFKA__BOOTSTRAP", help="Kafka brokers to publish to.")
@click.option("--topic-prefix", envvar="COPPICE_KAFKA__TOPIC_PREFIX", default="", help="Put before every topic name.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the events to this file instead.")
@click.option(
    "--consent-out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the consent records to this file (with --out).",
)
@click.option("--count", type=click.IntRange(min=0), help="How many events; without it, until Ctrl-C.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Events a second; without it, at full speed.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same players and events.")
@click.option("--profiles", type=click.IntRange(min=1), default=1_000, show_default=True, help="How many players.")
@click.option("--size", default=TYPICAL_BYTES, show_default=True, help="Bytes of JSON an event, about.")
@click.option("--dirty/--clean", default=False, help="Plant invented personal data, as careless clients send it.")
@click.option(
    "--registry",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Directory of the event schemas.",
)
def generate(
    *,
    bootstrap: str | None,
    topic_prefix: str,
    out: Path | None,
    consent_out: Path | None,
    count: int | None,
    rate: float | None,
    seed: int,
    profiles: int,
    size: int,
    dirty: bool,
    registry: Path | None,
) -> None:
    """Publish invented raw events, after the consent records that go with them.

    Everybody in them is invented. With --out nothing is published.
    """
    generator = Generator(seed, profiles=profiles, registry=registry, dirty=dirty, size=size)
    events = generator.events(count) if rate is None else generator.stream(rate, count)
    if out is not None:
        if count is None:
            raise click.UsageError("--out needs --count")
        if consent_out is not None:
            _write(consent_out, generator.consents())
        click.echo(f"{_write(out, events)} events in {out}", err=True)
    elif bootstrap:
        _publish(bootstrap, topic_prefix, generator, events, registry)
    else:
        raise click.UsageError("say where to: --bootstrap HOST:PORT (or COPPICE_KAFKA__BOOTSTRAP), or --out FILE")


def _write(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    lines = 0
    with path.open("wb") as file:
        for record in records:
            file.write(encode(record) + b"\n")
            lines += 1
    return lines


def _publish(
    bootstrap: str,
    prefix: str,
    generator: Generator,
    events: Iterable[Mapping[str, Any]],
    registry: Path | None,
) -> None:
    total = 0
    try:
        with Publisher(
            bootstrap,
            topic=prefix + RAW,
            consent_topic=prefix + CONSENT,
            registry=registry,
            client_config={"delivery.timeout.ms": _PATIENCE_MS},
        ) as publisher:
            consents = publish_consents(publisher, generator.consents())
            click.echo(f"{consents} consent records acknowledged", err=True)
            try:
                for total, _ in enumerate(publish_events(publisher, events), 1):
                    if total % _FLUSH_EVERY == 0:
                        publisher.flush()
            except KeyboardInterrupt:
                click.echo("stopping", err=True)
    except PublishError as error:
        raise ConfigError(f"--bootstrap: {error}") from None
    click.echo(f"{total} events acknowledged", err=True)
