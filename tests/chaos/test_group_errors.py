"""A broker that is still loading a group is not taken for one that knows of no committed offset."""

from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from pipeline.stream.group_errors import heed_group_errors

PLACE = TopicPartition("events.raw", 0)
LOADING, NOT_THE_COORDINATOR, REFUSED = 14, 16, 30


class Coordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka has no types
    """The real questions, to a broker that gives these answers one after the other."""

    def __init__(self, *answers: OffsetFetchResponse_v3) -> None:
        self.group_id, self._retry_backoff_ms = "group", 1
        self.answers, self.lost = list(answers), 0

    async def ensure_coordinator_known(self) -> None:
        return

    def coordinator_dead(self) -> None:
        self.lost += 1

    async def _send_req(self, _request: Any) -> OffsetFetchResponse_v3:
        return self.answers.pop(0)

    def __del__(self) -> None:
        return


def _refusal(code: int) -> OffsetFetchResponse_v3:
    return OffsetFetchResponse_v3(0, [], code)


ANSWER = OffsetFetchResponse_v3(0, [("events.raw", [(0, 17, "note", 0)])], 0)


@pytest.mark.parametrize(("code", "lost"), [(LOADING, 0), (NOT_THE_COORDINATOR, 1)])
async def test_it_asks_again_until_the_broker_can_say(code: int, lost: int) -> None:
    coordinator = Coordinator(_refusal(code), ANSWER)
    heed_group_errors(coordinator)
    assert await coordinator.fetch_committed_offsets([PLACE]) == {PLACE: OffsetAndMetadata(17, "note")}
    assert coordinator.lost == lost


async def test_a_refusal_that_does_not_pass_is_raised() -> None:
    coordinator = Coordinator(_refusal(REFUSED))
    heed_group_errors(coordinator)
    with pytest.raises(KafkaError) as raised:
        await coordinator.fetch_committed_offsets([PLACE])
    assert isinstance(raised.value, GroupAuthorizationFailedError)


async def test_stock_aiokafka_takes_it_for_nothing_committed() -> None:
    """When this fails, aiokafka looks by itself, and `group_errors` can go."""
    assert await Coordinator(_refusal(LOADING)).fetch_committed_offsets([PLACE]) == {}
