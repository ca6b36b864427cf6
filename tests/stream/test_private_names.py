"""The transport leans on names that Faust, mode and aiokafka do not promise; this is where a change is noticed."""

import inspect
import re
from importlib.metadata import requires, version
from typing import Any

import aiokafka
import faust
import mode
import pytest
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.app.base import App
from faust.serializers.schemas import Schema
from faust.tables.manager import TableManager
from faust.transport import consumer as stock_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream import app as our_app
from pipeline.stream.app import create_app
from pipeline.stream.transport import ChunkConsumer, ChunkConsumerThread, ChunkSchema, ChunkTransport

OVERRIDDEN = [
    (ChunkConsumer, driver.Consumer, "_new_consumer_thread", "self"),
    (ChunkConsumer, driver.Consumer, "_getmany", "self active_partitions timeout"),
    (ChunkConsumer, driver.Consumer, "_to_message", "self tp record"),
    (ChunkConsumer, driver.Consumer, "_add_gap", "self tp offset_from offset_to"),
    (ChunkConsumer, driver.Consumer, "_new_offset", "self tp"),
    (ChunkConsumer, driver.Consumer, "perform_seek", "self"),
    (ChunkConsumer, driver.Consumer, "on_partitions_revoked", "self revoked"),
    (ChunkConsumerThread, driver.AIOKafkaConsumerThread, "on_start", "self"),
    (ChunkConsumerThread, driver.AIOKafkaConsumerThread, "seek_to_committed", "self"),
    (ChunkConsumerThread, driver.AIOKafkaConsumerThread, "verify_event_path", "self now tp"),
    (ChunkConsumerThread, driver.AIOKafkaConsumerThread, "_commit", "self offsets"),
    (ChunkSchema, Schema, "loads_key", "self app message loads serializer"),
    (ChunkSchema, Schema, "loads_value", "self app message loads serializer"),
    (our_app.ChunkApp, App, "_new_transport", "self"),
    (our_app.ChunkApp, App, "_create_directories", "self"),
    (our_app.ChunkApp, App, "on_start", "self"),
    (our_app.ChunkApp, App, "on_shutdown", "self"),
    (our_app._Worker, faust.Worker, "_install_signal_handlers_unix", "self"),
    (our_app._Worker, faust.Worker, "_stop_on_signal", "self signal"),
    (our_app._Worker, faust.Worker, "_sentinel_task", "self"),
    (our_app._Worker, faust.Worker, "stop_and_shutdown", "self"),
    (our_app.NoTables, TableManager, "on_start", "self"),
]

USED = [
    (driver.Consumer, "commit", "self topics start_new_transaction"),
    (driver.Consumer, "seek_to_committed", "self"),
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", "self"),
    (driver.AIOKafkaConsumerThread, "call_thread", "self fun args kwargs"),
    (aiokafka.AIOKafkaConsumer, "assignment", "self"),
    (aiokafka.AIOKafkaConsumer, "commit", "self offsets"),
    (GroupCoordinator, "fetch_committed_offsets", "self partitions"),
    (GroupCoordinator, "_send_req", "self request"),
    (GroupCoordinator, "coordinator_dead", "self"),
    (driver.AIOKafkaConsumerThread, "crash", "self exc"),
    (aiokafka.AIOKafkaConsumer, "beginning_offsets", "self partitions"),
    (aiokafka.AIOKafkaConsumer, "seek", "self partition offset"),
    (Fetcher, "_proc_fetch_request", "self assignment node_id request"),
    (PartitionRecords, "_consumer_record", "self tp record"),
    (mode.Worker, "_on_sigint", "self"),
    (mode.Worker, "_on_sigterm", "self"),
    (mode.Worker, "execute_from_commandline", "self"),
    (TableManager, "_update_channels", "self"),
]


def parameters(owner: type[Any], name: str) -> list[str]:
    return list(inspect.signature(getattr(owner, name)).parameters)


@pytest.mark.parametrize(("ours", "stock", "name", "expected"), OVERRIDDEN)
def test_what_we_override_is_there_and_takes_the_same(
    ours: type[Any], stock: type[Any], name: str, expected: str
) -> None:
    assert issubclass(ours, stock)
    assert parameters(stock, name) == expected.split()
    assert parameters(ours, name) == expected.split()
    assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(getattr(stock, name))


@pytest.mark.parametrize(("owner", "name", "expected"), USED)
def test_what_we_call_is_there(owner: type[Any], name: str, expected: str) -> None:
    assert parameters(owner, name) == expected.split()


@pytest.mark.parametrize(
    "ours",
    [ChunkConsumer, ChunkConsumerThread, ChunkSchema, our_app.ChunkApp, our_app.NoTables, our_app._Worker],
)
def test_every_override_is_listed_here(ours: type[Any]) -> None:
    stock = ours.__mro__[1]
    overrides = {
        name
        for name, member in vars(ours).items()
        if inspect.isfunction(member) and hasattr(stock, name) and not name.startswith("__")
    }
    assert overrides == {name for listed, _, name, _ in OVERRIDDEN if listed is ours}


def test_the_consumers_state_has_the_names_that_the_commit_rule_uses() -> None:
    source = inspect.getsource(stock_consumer)
    assert "self._acked = defaultdict(list)" in source
    assert "self._acked_index = defaultdict(set)" in source
    assert "self._committed_offset = defaultdict(lambda: None)" in source


def test_a_message_is_built_from_these_fields() -> None:
    expected = (
        "self topic partition offset timestamp timestamp_type headers key value checksum serialized_key_size "
        "serialized_value_size tp time_in time_out time_total generation_id"
    )
    assert list(inspect.signature(ConsumerMessage.__init__).parameters) == expected.split()


async def test_the_app_consumes_through_our_classes() -> None:
    app = create_app(Settings(kafka=KafkaSettings()), "names", set())
    assert type(app.transport) is ChunkTransport
    assert type(app.consumer) is ChunkConsumer
    assert type(app.consumer._thread) is ChunkConsumerThread
    assert type(app.tables) is our_app.NoTables
    app.consumer._thread.thread_loop.close()


def test_a_rebalance_is_announced_before_the_partitions_go() -> None:
    """`run_role` lets go of its chunks on this signal; Faust sends it at the end of the revocation."""
    source = inspect.getsource(App._on_partitions_revoked)
    assert source.index("consumer.stop_flow") < source.index("self.on_partitions_revoked.send")


def test_starting_tables_does_nothing_else_than_ours() -> None:
    """The stock start waits a second before the same two steps."""
    source = inspect.getsource(TableManager.on_start)
    assert [line.strip() for line in source.splitlines()[2:]] == [
        "await self.sleep(1.0)",
        "if not self.should_stop:",
        "await self._update_channels()",
        "await self.recovery.start()",
    ]


@pytest.mark.parametrize("package", ["faust-streaming", "mode-streaming", "aiokafka", "confluent-kafka"])
def test_the_versions_are_pinned_and_installed(package: str) -> None:
    pins = [entry for entry in requires("coppice") or [] if re.match(rf"{package}\b", entry)]
    assert [pin.partition("==")[2] for pin in pins] == [version(package)]
