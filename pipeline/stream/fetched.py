"""The records of chunks, as they were unpacked from what the broker has sent.

aiokafka copies each into a second object that has a field for everything one could ask. What a role may ask
(`pipeline.stream.chunk.Record`) the first has too, and without the copy fetching an event costs half.
"""

from collections.abc import Container
from typing import Any


def leave_as_fetched(fetcher: Any, topics: Container[str]) -> None:
    """Let an aiokafka fetcher hand over the records of `topics` as they are; those of other topics stay copies."""
    answered = fetcher._proc_fetch_request  # noqa: SLF001 - aiokafka shows it nowhere

    async def answered_and_left(*request: Any) -> bool:
        woken: bool = await answered(*request)
        for tp, result in fetcher._records.items():  # noqa: SLF001
            records = getattr(result, "_partition_records", None)  # None in an error
            if records is not None and tp.topic in topics:
                records._consumer_record = _itself  # noqa: SLF001
        return woken

    fetcher._proc_fetch_request = answered_and_left  # noqa: SLF001


def _itself(_tp: Any, record: Any) -> Any:
    return record
