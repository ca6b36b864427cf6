"""aiokafka does not look at the error that is about a whole group where it asks what the group has committed.

While a broker loads a group, which it does after every restart, or has handed it to another one, it answers such a
request with an error and without any partition (OffsetFetch, versions 2 to 7: https://kafka.apache.org/protocol).
aiokafka takes that for a group that has committed nothing, and goes back to the beginning of the partitions.
"""

from typing import Any, Final

from aiokafka import errors

OFFSET_FETCH: Final = 9


def heed_group_errors(coordinator: Any) -> None:
    """Let a `GroupCoordinator` raise these errors; it asks again after those that pass."""
    send = coordinator._send_req  # noqa: SLF001 - the one place that every request goes through

    async def send_and_look(request: Any) -> Any:
        response = await send(request)
        code = getattr(response, "error_code", 0)
        if response.API_KEY != OFFSET_FETCH or code == 0:
            return response
        error = errors.for_code(code)
        if error is errors.NotCoordinatorForGroupError:
            coordinator.coordinator_dead()
        raise error

    coordinator._send_req = send_and_look  # noqa: SLF001 - as above
