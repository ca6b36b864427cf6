"""Publishes raw events and consent records from a backend service: validated, keyed, acknowledged.

    with Publisher("kafka:9092") as publisher:
        publisher.publish_consent(record).result()  # wait: events published from here on are judged with it
        publisher.publish(event)

The contract behind it, for other languages: docs/publishing.md.
"""

import json
import logging
import threading
import time
import unicodedata
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import jsonschema_rs
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.ops.errors import ConfigError
from pipeline.schemas import Schema, event_schemas, load_schema
from pipeline.stream.client_config import producer_config
from pipeline.stream.topics import CONSENT, RAW

MAX_BYTES = 1_000_000
"""The largest value that coppice reads from `events.raw`, in bytes."""

_FIXED = ("bootstrap.servers", "acks", "request.required.acks", "enable.idempotence", "partitioner")
_DELIVERY_TIMEOUT_MS = 30_000  # a backend service wants to know sooner than a worker does
_TIMES = ("granted_at", "withdrawn_at", "expires_at")
LEAST_MS = 10**12  # schemas/consent.json: in milliseconds 2001, and no seconds before the year 33658


class InvalidEvent(ValueError):  # noqa: N818 - names what the caller handed over
    """An event or consent record that breaks its schema. Raised before anything is sent; correct the caller.

    path: JSON pointer to the place; rule: the schema keyword it breaks, or "json", "size", "registered",
    "normalised"; hint: what the schema allows there. No part of it comes from the record's values, nor from
    names that only the record knows.
    """

    def __init__(self, path: str, rule: str, hint: str = "") -> None:
        super().__init__(f"{path or '/'} breaks the rule {rule!r}" + (f" ({hint})" if hint else ""))
        self.path, self.rule, self.hint = path, rule, hint


class PublishError(Exception):
    """The broker has not acknowledged a record. It may or may not be stored: publish it again, unchanged."""


class Published(NamedTuple):
    """Where an acknowledged record is stored."""

    topic: str
    partition: int
    offset: int


class Publisher:
    """Publishes to one cluster; safe to share between threads, made once for each process.

    bootstrap: broker addresses, comma separated. registry: directory of the event schemas, None for the
    shipped one. strict: refuse properties that the event's schema does not list; False lets them pass, and
    coppice strips them. client_config: further librdkafka settings, for example for TLS.

    Raises ConfigError for a registry or settings that cannot be used.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        topic: str = RAW,
        consent_topic: str = CONSENT,
        registry: Path | None = None,
        strict: bool = True,
        client_config: Mapping[str, Any] | None = None,
    ) -> None:
        self._bootstrap, self._topic, self._consent_topic = bootstrap, topic, consent_topic
        self._envelope = _Rules(load_schema("raw-event"))
        self._consent = _Rules(load_schema("consent"))
        self._events = {
            name: _Rules(schema if strict else {**schema, "additionalProperties": True}, "/properties")
            for name, schema in event_schemas(registry).items()
        }
        self._lock, self._failures, self._why = threading.Lock(), 0, ""
        self._closed = threading.Event()
        self._producer = _producer(bootstrap, client_config or {})
        self._poller = threading.Thread(target=self._poll, name="coppice-publisher", daemon=True)
        self._poller.start()

    def publish(self, event: Mapping[str, Any]) -> Future[Published]:
        """Publish one raw event (schemas/raw-event.json) under its profile's key.

        The future resolves when the broker has acknowledged it, or fails with PublishError. Raises
        InvalidEvent, and sends nothing, when the event breaks the schema of the envelope or its own.
        """
        value, plain = _encode(event)
        self._envelope.check(plain)
        if (rules := self._events.get(plain["event"])) is None:
            raise InvalidEvent("/event", "registered", "no schema of the registry has this title")
        rules.check(plain["properties"])
        return self._send(self._topic, _key(plain["profile_id"]), value)

    def publish_consent(self, record: Mapping[str, Any]) -> Future[Published]:
        """Publish a consent record (schemas/consent.json); the future and the errors are those of `publish`.

        Once it has resolved, every event published afterwards, by anybody, is judged with this record. Whoever grants,
        narrows and withdraws had better use `pipeline.consent.publish.ConsentPublisher`, which compares with what
        was published before.
        """
        value, plain = self._checked(record)
        return self._send(self._consent_topic, _key(plain["profile_id"]), value)

    def check_consent(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a consent record as a reader will find it. Raises InvalidEvent as `publish_consent`."""
        plain: dict[str, Any] = self._checked(record)[1]
        _key(plain["profile_id"])
        return plain

    def _checked(self, record: Mapping[str, Any]) -> tuple[bytes, Any]:
        value, plain = _encode(record)
        for name in _TIMES:
            if type(plain.get(name)) in {int, float} and plain[name] < LEAST_MS:
                raise InvalidEvent(f"/{name}", "minimum", f"milliseconds since 1970, at least {LEAST_MS}; not seconds")
        self._consent.check(plain)
        for name in _TIMES:
            if isinstance(plain.get(name), float):  # 1.0 is an integer to JSON Schema, and not to the reader
                raise InvalidEvent(f"/{name}", "type", "a whole number, written without a fraction")
        return value, plain

    def tombstone(self, profile_id: str) -> Future[Published]:
        """Erase a profile's consent; with it every pseudonym of the profile becomes uncomputable."""
        return self._send(self._consent_topic, _key(profile_id), None)

    def publish_raw(self, value: bytes, key: bytes | None, *, topic: str | None = None) -> Future[Published]:
        """Publish bytes as they are, unchecked: updates of profiles (docs/profiles.md), and tests."""
        return self._send(topic or self._topic, key, value)

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until the broker has acknowledged everything published so far; timeout in seconds.

        Raises PublishError when time is up, or when a record has failed since the last flush.
        """
        waiting = self._producer.flush(timeout)
        with self._lock:
            failures, why = self._failures, self._why
            self._failures, self._why = 0, ""
        if waiting or failures:
            why = why or f"no answer from {self._bootstrap} within {timeout:g} s"
            raise PublishError(f"{waiting + failures} records are not acknowledged: {why}")

    def close(self, timeout: float = 30.0) -> None:
        """Flush, then stop. Futures of records that were not acknowledged in time fail. Raises as `flush`."""
        if self._closed.is_set():
            return
        try:
            self.flush(timeout)
        finally:
            self._producer.purge()
            self._producer.flush(1.0)
            self._closed.set()
            self._poller.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except PublishError:
            if error is None:  # never hide what went wrong first
                raise

    def _send(self, topic: str, key: bytes | None, value: bytes | None) -> Future[Published]:
        if self._closed.is_set():
            raise PublishError("the publisher is closed")
        future: Future[Published] = Future()
        future.set_running_or_notify_cancel()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._fail(future, topic, error)
                return
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            future.set_result(Published(topic, partition, offset))

        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=delivered)
            except BufferError:  # the broker is slower than the caller: the caller waits
                time.sleep(0.01)
            except KafkaException as failure:
                self._fail(future, topic, failure.args[0])
                return future
            else:
                return future

    def _fail(self, future: Future[Published], topic: str, error: KafkaError) -> None:
        text = _explain(error, topic, self._bootstrap)
        with self._lock:
            self._failures, self._why = self._failures + 1, text
        future.set_exception(PublishError(text))

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.1)


class _Rules:
    """A schema, compiled once, whose errors say where and which rule but never what was found there."""

    def __init__(self, schema: Schema, prefix: str = "") -> None:
        self._schema, self._prefix = schema, prefix
        try:
            self._validator = jsonschema_rs.validator_for(schema, offline=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            what = type(error).__name__
            raise ConfigError(f"the schema {schema.get('$id')} cannot be compiled: {what}") from None

    def check(self, instance: object) -> None:
        """Raise InvalidEvent for the first rule that the instance breaks."""
        for error in self._validator.iter_errors(instance):
            *steps, rule = error.schema_path
            known = [part if isinstance(part, int) or part in steps else "*" for part in error.instance_path]
            if rule == "required":
                known.append(error.kind.as_dict()["property"])
            path = self._prefix + "".join(f"/{part}" for part in known)
            raise InvalidEvent(path, str(rule), self._hint(steps, str(rule)))

    def _hint(self, steps: list[str | int], rule: str) -> str:
        """Say what the schema allows at the place where a rule was broken."""
        place: Any = self._schema
        for step in steps:
            place = place[step]
        if rule == "additionalProperties":
            return "allowed: " + ", ".join(place.get("properties", ()))
        return "" if rule == "required" else f"{rule}: {json.dumps(place.get(rule))}"


def _encode(record: Mapping[str, Any]) -> tuple[bytes, Any]:
    """Return the JSON of a record and what a reader will find in it: what is checked is what is sent."""
    try:
        text = json.dumps(dict(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        value = text.encode()
    except (TypeError, ValueError, RecursionError):  # their texts may quote the record
        raise InvalidEvent("", "json", "texts, finite numbers, true, false, null, lists and dicts") from None
    if len(value) > MAX_BYTES:
        raise InvalidEvent("", "size", f"{len(value)} bytes of JSON; at most {MAX_BYTES}")
    return value, json.loads(text)


def _key(profile_id: object) -> bytes:
    """Return the record key of a profile: its id as text in UTF-8."""
    if isinstance(profile_id, int) and not isinstance(profile_id, bool):
        return str(profile_id).encode()
    if not isinstance(profile_id, str) or not profile_id:
        raise InvalidEvent("/profile_id", "type", "a text that is not empty, or an integer")
    if profile_id != unicodedata.normalize("NFC", profile_id.strip()):
        # spelt in two ways, events and consent of one profile would land on two partitions
        raise InvalidEvent("/profile_id", "normalised", "without spaces around it, in Unicode form NFC")
    return profile_id.encode()


def _producer(bootstrap: str, extra: Mapping[str, Any]) -> Producer:
    if fixed := [name for name in _FIXED if name in extra]:
        raise ConfigError(f"client_config: {', '.join(fixed)} cannot be changed, see docs/publishing.md")
    own = {"bootstrap.servers": bootstrap, "delivery.timeout.ms": _DELIVERY_TIMEOUT_MS}
    config = {**producer_config(), **own, **extra}
    try:
        return Producer(config, logger=logging.getLogger("coppice.publish"))
    except KafkaException as failure:
        raise ConfigError(f"client_config: {failure.args[0].str()}") from None
    except (TypeError, ValueError) as failure:
        raise ConfigError(f"client_config: {failure}") from None


def _explain(error: KafkaError, topic: str, bootstrap: str) -> str:
    match error.code():
        case KafkaError._MSG_TIMED_OUT | KafkaError._PURGE_QUEUE | KafkaError._PURGE_INFLIGHT:  # noqa: SLF001
            return f"{topic}: no acknowledgement from {bootstrap} in time; is the broker up and reachable?"
        case KafkaError._UNKNOWN_TOPIC | KafkaError.UNKNOWN_TOPIC_OR_PART:  # noqa: SLF001
            return f"{topic}: no such topic at {bootstrap}; create it with: coppice topics create"
        case _:
            return f"{topic}: {error.str()} ({error.name()}) from {bootstrap}"
