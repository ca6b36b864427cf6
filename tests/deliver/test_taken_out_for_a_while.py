"""What is taken out of a batch may come back later; not after the end, and a failure of it ends the process."""

from typing import Any

from pipeline.deliver.batch import Batch


async def test_events_and_updates_that_were_taken_out_are_sent_after_the_while(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    taken: list[Batch] = []

    async def hold_once(batch: Batch) -> Batch:
        first = [at for at, record in enumerate(batch.records) if record.offset not in seen]
        if not first:
            return batch
        seen.update(batch.records[at].offset for at in first)
        left, held = batch.apart(first)
        taken.append(held)
        rig.delivery.later(0.01, lambda: rig.delivery.again(held))
        return left

    seen: set[int] = set()
    update = b'{"$distinct_id":"p","$ip":"0","$ignore_time":true,"$time":1750000000,"$set":{"plan":"free"}}'
    async with running(us, options={"before_attempt": hold_once}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0), update, event(2)])))
        assert sum(len(held.records) for held in taken) == 3
        assert len(us.events()) == 2
        assert rig.metric("delivered_events_total", region="us") == 3
        assert rig.failures == []


async def test_what_waits_at_the_end_is_dropped_and_a_failure_is_told(us: Any, running: Any) -> None:
    called: list[int] = []

    def fail() -> None:
        raise ValueError

    async with running(us) as rig:
        rig.delivery.later(0.0, fail)
        await rig.until(lambda: rig.failures)
        rig.delivery.later(0.02, lambda: called.append(1))
        await rig.delivery.close(0)
        rig.failures.clear()
        await rig.until(lambda: not rig.delivery._tasks)
        assert called == []
