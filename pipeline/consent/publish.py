"""For the consent service: each act of a person or parent as one call, which returns once it counts.

    with ConsentPublisher("kafka:9092") as consents:
        consents.grant(record)  # events published from here on, by anybody, are judged with it
        consents.narrow(record | {"purposes": fewer}, previous=record)
        consents.withdraw(record, now_ms)
        consents.erase("player-42")

What a consent platform's webhooks become: docs/consent-platforms.md. What each call does to events that are on their
way: docs/consent.md.
"""

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from pipeline.publish import InvalidEvent, Published, Publisher, PublishError
from pipeline.stream.topics import CONSENT

PURPOSES = ("analytics", "third_party_disclosure", "marketing", "ai_training")
GIVEN_ANEW = "a new granted_at: only consent that is given anew covers more than before"
NARROWING = ("purposes", "withdrawn_at", "expires_at", "birth_month")
"""What may change within a grant, in the direction that covers less; a month of birth may be added."""


class ConsentPublisher:
    """Publishes consent to one cluster; safe to share between threads, made once for each process.

    Every method waits for the broker's acknowledgement, with which the promise begins that events published
    afterwards are judged with the change; in an event loop, call it with `asyncio.to_thread`. Called again with the
    same record after a failure it leaves the same state. Each raises InvalidEvent, and sends nothing, for what
    schemas/consent.json or the method itself does not allow, and PublishError when the broker does not acknowledge;
    no text of them holds a value.

    bootstrap: broker addresses, comma separated. topic: full name of the consent topic. client_config: further
    librdkafka settings, for example for TLS.
    """

    def __init__(self, bootstrap: str, *, topic: str = CONSENT, client_config: Mapping[str, Any] | None = None) -> None:
        self._publisher = Publisher(bootstrap, consent_topic=topic, client_config=client_config)

    def grant(self, record: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> Published:
        """Publish an act of consent: given for the first time, again, for more, or to a new notice.

        previous: the record that stands, if the service knows it. Then a record that covers more needs a new
        `granted_at`, later than the one before and not before a withdrawal, or what nobody agreed to at its time
        would be sent later (R09).
        """
        plain = self._publisher.check_consent(record)
        if plain.get("withdrawn_at") is not None:
            raise InvalidEvent("/withdrawn_at", "grant", "null or absent; use withdraw")
        if previous is not None:
            _given_anew(self._known(previous, plain), plain)
        return self._publish(plain)

    def narrow(self, record: Mapping[str, Any], previous: Mapping[str, Any]) -> Published:
        """Publish that a grant covers less than before: fewer purposes, or an earlier end. The pseudonym stays.

        A month of birth that has become known may be added; anything else is an act of consent of its own.
        """
        plain = self._publisher.check_consent(record)
        _same_grant(self._known(previous, plain), plain)
        return self._publish(plain)

    def withdraw(self, record: Mapping[str, Any], withdrawn_at: int) -> Published:
        """Publish a withdrawal. record: the one that stands; withdrawn_at: by the server's clock, in milliseconds.

        It counts at once, whatever its time says. Tell the person that it is done once this has returned.
        """
        plain = self._publisher.check_consent({**record, "withdrawn_at": withdrawn_at})
        if plain["withdrawn_at"] is None:
            raise InvalidEvent("/withdrawn_at", "required")
        return self._publish(plain)

    def erase(self, profile_id: str) -> Published:
        """Erase a profile's consent. coppice then suppresses what is queued and has Mixpanel's copy deleted (R26)."""
        return self._publisher.tombstone(profile_id).result()

    def close(self) -> None:
        """Stop. Nothing is waiting: every method has waited, and told its caller what failed."""
        with suppress(PublishError):
            self._publisher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _publish(self, plain: Mapping[str, Any]) -> Published:
        return self._publisher.publish_consent(plain).result()

    def _known(self, previous: Mapping[str, Any], plain: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            before = self._publisher.check_consent(previous)
        except InvalidEvent as error:
            raise InvalidEvent(f"/previous{error.path}", error.rule, error.hint) from None
        if before["profile_id"] != plain["profile_id"]:
            raise InvalidEvent("/profile_id", "previous", "the profile of the previous record")
        return before


def _given_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse a grant that is not later than the one before, unless it covers nothing that this one does not."""
    if after["granted_at"] > before["granted_at"]:
        ended = before.get("withdrawn_at")
        if ended is not None and after["granted_at"] < ended:
            raise InvalidEvent("/granted_at", "widened", "not before the withdrawal of the previous record")
        return
    _same_grant(before, after)


def _same_grant(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse what covers more, or is evidence of something else, than the grant it claims to be."""
    for name in sorted(before.keys() | after.keys()):
        if name not in NARROWING and before.get(name) != after.get(name):
            raise InvalidEvent(f"/{name}", "widened", GIVEN_ANEW)
    for name in PURPOSES:
        if after["purposes"].get(name, False) and not before["purposes"].get(name, False):
            raise InvalidEvent(f"/purposes/{name}", "widened", GIVEN_ANEW)
    for name, covers_more in (
        ("withdrawn_at", before.get("withdrawn_at") is not None and after.get("withdrawn_at") is None),
        ("expires_at", _ends_later(before.get("expires_at"), after.get("expires_at"))),
        ("birth_month", before.get("birth_month") not in {None, after.get("birth_month")}),
    ):
        if covers_more:
            raise InvalidEvent(f"/{name}", "widened", GIVEN_ANEW)


def _ends_later(before: int | None, after: int | None) -> bool:
    return before is not None and (after is None or after > before)
