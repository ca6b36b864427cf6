"""`coppice topics`: create the topics of the pipeline, and compare a cluster with their definition."""

import click
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.ops.settings import Settings
from pipeline.stream.acls import acls as access_list
from pipeline.stream.admin import check_topics, create_topics
from pipeline.stream.topics import DAY_MS, HOUR_MS, TOPICS, Cleanup, Topic

EXIT_MISMATCH = 2


@click.group()
def topics() -> None:
    """Create or check the Kafka topics."""


@topics.command()
@with_settings
def create(settings: Settings) -> None:
    """Create every missing topic; leave existing ones alone, then check them all."""
    created = create_topics(settings)
    _report(settings, dict.fromkeys(created, "created"))


@topics.command()
@with_settings
def check(settings: Settings) -> None:
    """Compare the cluster with the definitions; exit with status 2 if they differ."""
    _report(settings, {})


@topics.command()
@click.option("--principal-prefix", default="", help="Text before each role in the names of the cluster's users.")
@with_settings
def acls(settings: Settings, principal_prefix: str) -> None:
    """Print what each role may do on the cluster, as arguments of Kafka's own `kafka-acls.sh`."""
    for acl in access_list(settings.kafka, principal_prefix):
        click.echo(acl.command())


def _report(settings: Settings, notes: dict[str, str]) -> None:
    differences = check_topics(settings)
    console().print(_table(settings, notes))
    for line in differences:
        click.echo(f"mismatch: {line}", err=True)
    if differences:
        raise click.exceptions.Exit(EXIT_MISMATCH)


def _table(settings: Settings, notes: dict[str, str]) -> Table:
    kafka = settings.kafka
    table = Table(title=f"Topics on {kafka.bootstrap}")
    table.add_column("topic", no_wrap=True)  # a name is for copying: the others give way
    for heading in ("key", "partitions", "cleanup", "limit", ""):
        table.add_column(heading)
    for topic in TOPICS:
        name = topic.full_name(kafka.topic_prefix)
        table.add_row(
            name,
            topic.key,
            str(topic.partition_count(kafka.partitions)),
            topic.cleanup.value,
            _limit(topic),
            notes.get(name, ""),
        )
    return table


def _limit(topic: Topic) -> str:
    """How long a record may live, in words."""
    length = (
        f"{topic.retention_ms // DAY_MS} d" if topic.retention_ms > 3 * DAY_MS else f"{topic.retention_ms // HOUR_MS} h"
    )
    return f"{length} once replaced or erased" if topic.cleanup is Cleanup.COMPACT else length
