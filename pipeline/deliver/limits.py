"""How large a request may be. Mixpanel's pages contradict each other (2 MB and 10 MB), so it is learned."""

from pipeline.ops.logging import get_logger

EVENT_LIMIT = 1_048_576  # bytes; an event must be smaller: https://docs.mixpanel.com/reference/import-events
BELIEVABLE = 16_384  # bytes; a smaller limit in an answer would condemn ordinary events, so it is not believed

_log = get_logger(__name__)


class Limits:
    """Limits of one region's requests. They only ever go down; a restart begins with the settings again.

    events: most events of a request. target: bytes at which a batch closes.
    ceiling: bytes that no request may exceed by the settings or by Mixpanel's own statement. It differs from
    `target` when a 413 gave no number: smaller batches are tried then, but no event is condemned for its
    size.
    """

    def __init__(self, region: str, max_events: int, max_bytes: int) -> None:
        self._region = region
        self.events = max_events
        self.target = max_bytes
        self.ceiling = max_bytes

    @property
    def event_bytes(self) -> int:
        """The largest event that may be sent: its brackets must fit into the request too."""
        return min(EVENT_LIMIT - 1, self.ceiling - 2)

    def learn(self, stated: int | None, sent: int, events: int) -> None:
        """Take in a 413 for a body of `sent` bytes, with the limit in bytes that the answer stated, if any.

        Without a number it is a hint to half the size; but not for a single event, which says nothing about
        the batches of others.
        """
        target = self.target
        if stated is not None and BELIEVABLE <= stated < sent:
            self.ceiling = min(self.ceiling, stated)
            target = stated
        elif events > 1:
            target = max(sent // 2, BELIEVABLE)
        if target < self.target:
            self.target = target
            _log.warning("request limit lowered", region=self._region, limit=target, sent=sent)
