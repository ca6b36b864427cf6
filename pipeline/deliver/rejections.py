"""What becomes of an event that will never be delivered: its coordinates are recorded, its content is not."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pipeline.deliver.reasons import DeliveryRejectReason
from pipeline.ops.metric_table import DELIVERY_REJECTED
from pipeline.ops.metrics import Metrics
from pipeline.stream.chunk import TopicPartition
from pipeline.stream.rejection import Rejection

RecordRejections = Callable[[list[Rejection]], Awaitable[None]]
"""Writes rejections and returns when the broker has confirmed all of them; raises if it cannot."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The coordinates of a record that is given up, and why. path: the field at fault, "" if unknown."""

    tp: TopicPartition
    offset: int
    reason: DeliveryRejectReason
    path: str = ""


class Rejector:
    """Records the refused events of one region. policy: version of the one in force, replaced when it changes."""

    def __init__(self, region: str, policy: str, record: RecordRejections, metrics: Metrics) -> None:
        self._region = region
        self.policy = policy
        self._record = record
        self._metrics = metrics

    async def reject(self, refused: Sequence[Refused]) -> None:
        """Return when every rejection is confirmed; raise what recording raises: the events are not done."""
        await self._record(
            [
                Rejection(item.tp.topic, item.tp.partition, item.offset, item.reason, item.path, self.policy)
                for item in refused
            ]
        )
        for reason, count in Counter(item.reason for item in refused).items():
            self._metrics.add(DELIVERY_REJECTED, count, region=self._region, reason=reason)
