"""What the embedded broker is started with: JVM options, ports, broker properties, logging."""

import random
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""A small heap and the quick compiler only, since the broker shares its cores with what is shown or tested;
no performance file, which a killed Java would leave behind."""

LOG4J = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n%ex
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
"""
"""Warnings and worse to the standard output, which the guard appends to a file in the data directory."""

# Below the range from which Linux and macOS give ports to outgoing connections: while the broker is away, a
# client that keeps reconnecting would in time be given the broker's own port, and it could not come back.
_PORTS = range(20_000, 32_000)
_PORT_TRIES = 200


class Listener(NamedTuple):
    """One more way into the broker: its name in the broker's settings, its security protocol, its loopback port."""

    name: str
    protocol: str
    port: int


def is_free(port: int) -> bool:
    """Whether a server may listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Different free loopback ports; RuntimeError if there are none."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_PORTS, _PORT_TRIES):
            if len(found) == count:
                return found
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise RuntimeError("no free loopback port")


def broker_properties(
    port: int, controller_port: int, log_dir: Path, extra: Mapping[str, str], more: Sequence[Listener] = ()
) -> str:
    """Render ``server.properties`` of a single KRaft node on loopback; ``extra`` wins, ``more`` are further listeners.

    Source: https://kafka.apache.org/documentation/#brokerconfigs
    """
    plain = [f"PLAINTEXT://127.0.0.1:{port}"] + [f"{name}://127.0.0.1:{at}" for name, _, at in more]
    protocols = ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT"] + [f"{name}:{protocol}" for name, protocol, _ in more]
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*plain, f"CONTROLLER://127.0.0.1:{controller_port}"]),
        "advertised.listeners": ",".join(plain),
        "listener.security.protocol.map": ",".join(protocols),
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "4000",  # a killed broker is let in again only after this time
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
