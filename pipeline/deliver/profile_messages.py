"""The messages of updates, built by the `mixpanel` package (R16): one for each operator, with the project's token.

A clean update is Mixpanel's own object without a token. The package puts the token in and writes the message; ours is
the consumer that it hands it to, which sends nothing.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from mixpanel import Mixpanel

REPEATABLE: Final = frozenset({"$set", "$set_once", "$union", "$remove", "$unset", "$delete"})
"""Operators that leave a profile the same when they are sent twice. `/engage` tells no repetition from a new update."""

_PERSON: Final = frozenset({"$distinct_id", "$ip", "$ignore_time", "$time"})
_GROUP: Final = frozenset({"$group_key", "$group_id", "$time"})

Update = Mapping[str, Any]


class StrictEncoder(json.JSONEncoder):
    """Writes UTF-8 as it is, and refuses what is not JSON (NaN)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"allow_nan": False, "ensure_ascii": False}))


class Gathering:
    """A consumer in the package's sense: it keeps what it is given, until `taken`."""

    def __init__(self) -> None:
        self._messages: list[bytes] = []

    def send(self, _endpoint: str, json_message: str, _api_key: object = None, _api_secret: object = None) -> None:
        """Keep one message."""
        self._messages.append(json_message.encode())

    def taken(self) -> list[bytes]:
        """Return what has come in since the last call."""
        messages, self._messages = self._messages, []
        return messages


class Messages:
    """Builds the messages of one project. Not for two threads at a time."""

    def __init__(self, token: str) -> None:
        self._gathering = Gathering()
        self._mixpanel = Mixpanel(token, consumer=self._gathering, serializer=StrictEncoder)

    def of(self, value: bytes) -> list[bytes]:
        """Return the messages of an update that `read` has accepted; equal updates give equal bytes."""
        update = read(value)
        assert update is not None, "what is no update was set aside"
        head = {name: part for name, part in update.items() if name not in REPEATABLE}
        write = self._mixpanel.group_update if "$group_key" in head else self._mixpanel.people_update
        for operator, operand in update.items():
            if operator in REPEATABLE:
                write(head | {operator: operand})
        return self._gathering.taken()


def read(value: bytes) -> Update | None:
    """Read a clean update; None for anything that the sanitizer does not write.

    A person's has `$ip` "0", or the service would place her where the sink stands (T48). Both have a `$time`, or the
    package would put in the moment at which the message is built, and a repetition would differ.
    """
    try:
        update = msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return None
    if type(update) is not dict or type(update.get("$time")) is not int:
        return None
    head = update.keys() - REPEATABLE
    whole = head == _GROUP or (head == _PERSON and update["$ip"] == "0" and update["$ignore_time"] is True)
    return update if whole and len(head) < len(update) else None
