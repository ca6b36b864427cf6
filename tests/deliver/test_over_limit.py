"""Events over a limit in the sink: set aside on record, and their neighbours are delivered."""

from typing import Any

from pipeline.deliver.event_limits import EventLimits
from pipeline.deliver.reasons import DeliveryRejectReason, Fate

NOW = 1_795_642_680_000
OVER, NO_EVENT = DeliveryRejectReason.OVER_LIMIT, DeliveryRejectReason.NOT_AN_EVENT


async def test_an_event_over_a_limit_is_set_aside_and_its_neighbours_arrive(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    values = [event(number) for number in range(8)]
    values[1] = event(1, note="x" * 256)
    values[3] = event(3, AshaRao=[[[[1]]]])
    values[5] = event(5, time=9_999_999_999_999)
    values[6] = b'"no object"'
    async with running(us, options={"checks": EventLimits(lambda: NOW)}) as rig:
        await rig.settled(rig.delivery.offer(chunk(values, partition=2, first=100)))
        assert [(item.partition, item.offset, item.reason, item.path) for item in rig.rejected] == [
            (2, 101, OVER, "properties"),
            (2, 103, OVER, "properties"),
            (2, 105, OVER, "properties.time"),
            (2, 106, NO_EVENT, ""),
        ]
        assert [item["properties"]["$insert_id"] for item in us.events()] == ["id-0", "id-2", "id-4", "id-7"]
        assert len(us.requests) == 1  # nothing of the others was sent
        assert rig.metric("delivery_rejected_total", region="us", reason="over_limit") == 3
        assert b"Asha" not in b"".join(item.encode() for item in rig.rejected)


async def test_a_batch_of_which_nothing_is_left_costs_no_request(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, options={"checks": EventLimits(lambda: NOW)}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0, note="x" * 256)])))
        await rig.settled(rig.delivery.offer(chunk([event(1)], first=1)))
        assert [request.events for request in us.requests] == [1]


async def test_what_is_withdrawn_meanwhile_is_not_rejected_as_well(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    """Who takes out first settles: the rest is looked at again."""

    async def before(batch: Any) -> Any:
        if batch.records[0].offset > 0:
            return batch
        left, gone = batch.apart({0})
        gone.settle(Fate.SUPPRESSED)
        return left

    async with running(us, options={"checks": EventLimits(lambda: NOW), "before_attempt": before}) as rig:
        done = rig.delivery.offer(chunk([event(0, note="x" * 256), event(1), event(2, note="x" * 256)]))
        await rig.settled(done)
        assert [item.offset for item in rig.rejected] == [2]
        assert {fate.value: list(offsets) for fate, offsets in done.result()} == {
            "suppressed": [0],
            "rejected": [2],
            "delivered": [1],
        }
