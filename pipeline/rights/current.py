"""The consent record of one profile, read from its topic when it is wanted: requests are rare, memory is not."""

from pipeline.core.consent import normalise_id
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.client_config import client_config
from pipeline.stream.followed import Followed
from pipeline.stream.follower import Follower
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.topics import CONSENT


class _OneOf(Followed):
    """Keeps the newest record of one profile and lets the others pass."""

    def __init__(self, partition: int, profile: str) -> None:
        super().__init__(partition)
        self._profile = profile
        self.record: tuple[bytes, bytes] | None = None

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:  # noqa: ARG002  # the form
        """Take over a record if it is the profile's."""
        if key is not None and normalise_id(key.decode("utf-8", "replace")) == self._profile:
            self.record = (key, value) if value is not None else None


class CurrentConsent:
    """Looks consent records up by reading the one partition that they can be on."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    async def get(self, profile: str) -> tuple[bytes, bytes] | None:
        """Return key and value of a profile's record as of now, None if there is none. profile: its normalised id."""
        kafka = self._kafka
        partition = murmur2_partition(profile.encode(), kafka.partitions)
        follower = Follower(
            client_config(kafka),
            kafka.topic_prefix + CONSENT,
            lambda number: _OneOf(number, profile),
            name="consent-of-one",
        )
        await follower.start()
        try:
            follower.follow({partition})
            return (await follower.barrier(partition)).record
        finally:
            await follower.stop()
