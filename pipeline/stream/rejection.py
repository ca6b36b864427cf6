"""The message on `events.rejected`: where an event lies that could not be judged, or that Mixpanel refused."""

import msgspec


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One value of `events.rejected` (schemas/rejection.json): coordinates and a closed word, never content (R34).

    path: the field of the envelope at fault, "" if unknown; of an `internal_error`, the place in the code. policy:
    version of the one in force. index: place of the event in the record, where that is an array of events.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    path: str
    policy: str
    index: int | None = None

    def encode(self) -> bytes:
        """Return it as UTF-8 JSON."""
        return msgspec.json.encode(self)


_decoder = msgspec.json.Decoder(Rejection)


def parse_rejection(value: bytes | None) -> Rejection | None:
    """Read a value of the topic; None for anything else that somebody may have written there."""
    try:
        return _decoder.decode(value) if value is not None else None
    except ValueError:  # msgspec's and Unicode's errors are ValueErrors
        return None
