"""A producer for work that is done a second time: every record says so, or nothing is produced at all."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.stream.producer import ConfirmedProducer, Headers

REPLAY_HEADER = "coppice-replay"
"""Header of a record that a replay produced; its value is the replay's name. Records of live work do not have it."""


class MarkedProducer(ConfirmedProducer):
    """A confirmed producer whose records all carry the same headers."""

    def __init__(self, bootstrap: str, headers: Mapping[str, bytes], *, client_config: Mapping[str, Any]) -> None:
        super().__init__(bootstrap, client_config=client_config)
        self._producer: Any = _Marking(self._producer, headers)


class SilentProducer(ConfirmedProducer):
    """Confirms everything and produces nothing, for a trial run."""

    def __init__(self, bootstrap: str, *, client_config: Mapping[str, Any]) -> None:
        super().__init__(bootstrap, client_config=client_config)
        self._producer: Any = _Silence()


Reported = Callable[[Any, Any], None]


class _Marking:
    """The calls of librdkafka's producer that `ConfirmedProducer` makes. Others are missing rather than unmarked."""

    def __init__(self, producer: Any, headers: Mapping[str, bytes]) -> None:
        self._producer = producer
        self._headers = list(headers.items())
        self.poll = producer.poll
        self.purge = producer.purge

    def __len__(self) -> int:
        return len(self._producer)

    def produce(  # the arguments of librdkafka's producer, in its order
        self,
        topic: str,
        value: bytes,
        key: bytes | None,
        partition: int,
        callback: Reported,
        on_delivery: None,
        timestamp: int,
        headers: Headers | None,
    ) -> None:
        marked = [*(headers or ()), *self._headers]
        self._producer.produce(topic, value, key, partition, callback, on_delivery, timestamp, marked)


class _Silence:
    """As `_Marking`, for nothing."""

    def __len__(self) -> int:
        return 0

    def poll(self, _timeout: float) -> int:
        return 0

    def purge(self) -> None:
        return

    def produce(self, _topic: str, _value: bytes, _key: bytes | None, _partition: int, told: Reported, *_: Any) -> None:
        told(None, None)
