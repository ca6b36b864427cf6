"""What the consent service publishes counts once the call returns, and covers more only when it is given anew."""

import asyncio
import copy
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.consent.publish import ConsentPublisher, _given_anew, _same_grant
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.publish import InvalidEvent, Published, PublishError
from pipeline.stream.partition import murmur2_partition

PARTITIONS = 5
SECRET = "asha.rao.77@example.com"  # planted where an error could quote it
GRANTED = 1_791_280_000_000
HOUR = 3_600_000
RECORD: dict[str, Any] = {
    "profile_id": "player-42",
    "consent_id": "5d7f2b0a-1c55-4b7e-8f0e-6c2f3c1f9a10",
    "region": "US",
    "age": {"band": "child", "source": "parent_link"},
    "grantor": {"role": "parent", "adult_verified": True},
    "method": "card_payment",
    "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": False},
    "notice_version": "2026-04",
    "language": "en",
    "granted_at": GRANTED,
}
State = ConsentRecord | ConsentFault | None


def changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(RECORD), **changes}


def purposes(**given: bool) -> dict[str, Any]:
    return {"purposes": RECORD["purposes"] | given}


@pytest.fixture
def topic(make_topic: Callable[..., Any]) -> Any:
    return make_topic(PARTITIONS)


@pytest.fixture
def consents(topic: Any) -> Iterator[ConsentPublisher]:
    with ConsentPublisher(topic.bootstrap, topic=topic.name) as opened:
        yield opened


@pytest.fixture(scope="module")
def offline() -> Iterator[ConsentPublisher]:
    """A publisher whose broker does not exist; what it refuses by itself needs none."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with ConsentPublisher(address, client_config={"delivery.timeout.ms": 100, "linger.ms": 0}) as opened:
            yield opened


# --- on a real broker


async def test_reader_knows_each_change_once_its_call_has_returned(
    topic: Any, consents: ConsentPublisher, open_reader: Any
) -> None:
    reader = await open_reader(topic)
    reader.follow(range(PARTITIONS))

    async def after(act: Callable[..., Published], *arguments: Any) -> State:
        stored = await asyncio.to_thread(act, *arguments)
        assert stored.topic == topic.name
        assert stored.partition == murmur2_partition(b"player-42", PARTITIONS)
        state: State = (await reader.barrier(stored.partition)).get("player-42")
        return state

    async with asyncio.timeout(120):
        for _ in range(2):  # a call that is repeated leaves the same state
            granted = await after(consents.grant, RECORD)
            assert isinstance(granted, ConsentRecord)
            assert (granted.granted_at, granted.purposes.third_party_disclosure) == (GRANTED, True)
        fewer = changed(**purposes(third_party_disclosure=False), birth_month="2015-04")
        narrowed = await after(consents.narrow, fewer, RECORD)
        assert isinstance(narrowed, ConsentRecord)
        assert (narrowed.purposes.third_party_disclosure, narrowed.birth_month) == (False, "2015-04")
        withdrawn = await after(consents.withdraw, fewer, GRANTED + HOUR)
        assert isinstance(withdrawn, ConsentRecord)
        assert withdrawn.withdrawn_at == GRANTED + HOUR
        again = fewer | {"granted_at": GRANTED + 2 * HOUR, **purposes()}
        regranted = await after(consents.grant, again, fewer | {"withdrawn_at": GRANTED + HOUR})
        assert isinstance(regranted, ConsentRecord)
        assert (regranted.withdrawn_at, regranted.granted_at) == (None, GRANTED + 2 * HOUR)
        assert await after(consents.erase, "player-42") is None


DOCS = Path(__file__).parents[2] / "docs" / "consent-platforms.md"
SESSION = {"ageStatus": "DIGITAL_MINOR", "jurisdiction": "US-CA", "status": "ACTIVE"}


def session(**enabled: bool) -> dict[str, Any]:
    return SESSION | {"permissions": [{"name": n, "enabled": e, "managedBy": "GUARDIAN"} for n, e in enabled.items()]}


async def test_example_of_the_page_about_platforms_runs(
    topic: Any, consents: ConsentPublisher, open_reader: Any
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    names: dict[str, Any] = {"PERMISSIONS": {"analytics": "usage-analytics", "third_party_disclosure": "share-usage"}}
    names["PERMISSIONS"]["marketing"] = "offers"
    exec(compile(code, str(DOCS), "exec"), names)
    reader = await open_reader(topic)
    reader.follow(range(PARTITIONS))
    event: dict[str, Any] = {
        "eventType": "Session.ChangePermissions",
        "data": {"id": "78c299b2-5c33-4bde-84fe-8fc950fc7a96"},
    }

    async def after(kind: str, now_session: dict[str, Any] | None, record: dict[str, Any], now_ms: int) -> State:
        handle: Callable[..., Published] = names["on_webhook"]
        stored = await asyncio.to_thread(handle, event | {"eventType": kind}, now_session, record, consents, now_ms)
        state: State = (await reader.barrier(stored.partition)).get("player-42")
        return state

    async with asyncio.timeout(120):
        fewer = session(**{"usage-analytics": True, "share-usage": False})
        narrowed = await after("Session.ChangePermissions", fewer, RECORD, GRANTED + 1)
        assert isinstance(narrowed, ConsentRecord)
        assert (narrowed.granted_at, narrowed.purposes.third_party_disclosure) == (GRANTED, False)
        more = session(**{"usage-analytics": True, "share-usage": True, "offers": True})
        widened = await after("Session.ChangePermissions", more, RECORD, GRANTED + 2)
        assert isinstance(widened, ConsentRecord)
        assert (widened.granted_at, widened.purposes.marketing) == (GRANTED + 2, True)
        withdrawn = await after("Session.Delete", None, RECORD, GRANTED + 3)
        assert isinstance(withdrawn, ConsentRecord)
        assert withdrawn.withdrawn_at == GRANTED + 3
        assert await after("Account.Delete", None, RECORD, GRANTED + 4) is None


def test_broker_that_is_away_is_a_clear_error_for_every_act(offline: ConsentPublisher) -> None:
    record = changed(profile_id=SECRET)
    acts: list[Callable[[], object]] = [
        lambda: offline.grant(record),
        lambda: offline.narrow(record, record),
        lambda: offline.withdraw(record, GRANTED + 1),
        lambda: offline.erase(SECRET),
    ]
    for act in acts:
        with pytest.raises(PublishError, match="is the broker up") as caught:
            act()
        assert SECRET not in str(caught.value)


# --- what it refuses


def refused(act: Callable[..., object], *arguments: Any) -> tuple[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        act(*arguments)
    assert SECRET not in f"{caught.value} {caught.value.args} {caught.value.hint}"
    assert caught.value.__cause__ is None
    return caught.value.path, caught.value.rule


@pytest.mark.parametrize("name", ["granted_at", "withdrawn_at", "expires_at"])
@pytest.mark.parametrize("seconds", [1_791_280_000, 1_791_280_000.5, 17_912])
def test_seconds_are_refused_with_a_word_about_milliseconds(
    offline: ConsentPublisher, name: str, seconds: float
) -> None:
    with pytest.raises(InvalidEvent, match="milliseconds") as caught:
        offline.grant(changed(**{name: seconds}))
    assert (caught.value.path, caught.value.rule) == (f"/{name}", "minimum")
    assert str(seconds) not in str(caught.value).replace("1000000000000", "")


@pytest.mark.parametrize("withdrawn_at", [1_791_280_000, None, "today", 1_791_280_000_000.0, True])
def test_withdrawal_needs_a_time_in_milliseconds(offline: ConsentPublisher, withdrawn_at: Any) -> None:
    assert refused(offline.withdraw, RECORD, withdrawn_at)[0] == "/withdrawn_at"


@pytest.mark.parametrize("missing", sorted(RECORD))
def test_withdrawal_is_the_whole_record(offline: ConsentPublisher, missing: str) -> None:
    """Also the consent id: without it nobody could say what was withdrawn, nor name the pseudonym that must stop."""
    record = {name: value for name, value in RECORD.items() if name != missing}
    assert refused(offline.withdraw, record, GRANTED + 1) == (f"/{missing}", "required")


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"consent_id": ""}, "/consent_id", "minLength"),
        ({"method": f"Card {SECRET}"}, "/method", "pattern"),
        ({"withdrwan_at": GRANTED}, "", "additionalProperties"),
        ({SECRET: 1}, "", "additionalProperties"),
        ({"region": SECRET}, "/region", "enum"),
        ({"profile_id": f" {SECRET}"}, "/profile_id", "normalised"),
        ({"birth_month": "2015-04-09"}, "/birth_month", "pattern"),
        ({"withdrawn_at": GRANTED}, "/withdrawn_at", "grant"),
        ({"language": {SECRET}}, "", "json"),
    ],
    ids=lambda value: f"{value!r:.40}",
)
def test_grant_that_is_no_record_is_refused(
    offline: ConsentPublisher, changes: dict[str, Any], path: str, rule: str
) -> None:
    assert refused(offline.grant, changed(**changes)) == (path, rule)


WIDER: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {  # before, after, where
    "a purpose more": ({}, purposes(marketing=True), "/purposes/marketing"),
    "AI": ({}, {"purposes": RECORD["purposes"] | {"ai_training": True}}, "/purposes/ai_training"),
    "withdrawal taken back": ({"withdrawn_at": GRANTED + 1}, {}, "/withdrawn_at"),
    "a later end": ({"expires_at": GRANTED + 1}, {"expires_at": GRANTED + 2}, "/expires_at"),
    "no end": ({"expires_at": GRANTED + 1}, {}, "/expires_at"),
    "another month of birth": ({"birth_month": "2015-04"}, {"birth_month": "2015-05"}, "/birth_month"),
    "no month of birth": ({"birth_month": "2015-04"}, {}, "/birth_month"),
    "another notice": ({}, {"notice_version": "2026-12"}, "/notice_version"),
    "another text of it": ({}, {"notice_hash": "3f5a"}, "/notice_hash"),
    "another method": ({}, {"method": "video_call"}, "/method"),
    "another grantor": ({}, {"grantor": {"role": "guardian", "adult_verified": True}}, "/grantor"),
    "another age": ({}, {"age": {"band": "teen", "source": "id_document"}}, "/age"),
    "another country": ({}, {"region": "IN"}, "/region"),
    "another language": ({}, {"language": "es"}, "/language"),
    "another id": ({}, {"consent_id": "another"}, "/consent_id"),
}


@pytest.mark.parametrize("step", WIDER)
def test_what_covers_more_has_to_be_given_anew(offline: ConsentPublisher, step: str) -> None:
    before, after, where = WIDER[step]
    for act in (offline.grant, offline.narrow):
        assert refused(act, changed(**after), changed(**before)) == (where, "widened")
    with pytest.raises(InvalidEvent, match="given anew"):
        offline.grant(changed(**after), changed(**before))
    _given_anew(changed(**before), changed(**after, granted_at=GRANTED + 2))  # nothing to say against that
    assert refused(offline.narrow, changed(**after, granted_at=GRANTED + 2), changed(**before))[1] == "widened"


def test_new_grant_does_not_reach_back_behind_a_withdrawal(offline: ConsentPublisher) -> None:
    withdrawn = changed(withdrawn_at=GRANTED + HOUR)
    assert refused(offline.grant, changed(granted_at=GRANTED + HOUR - 1), withdrawn) == ("/granted_at", "widened")
    assert refused(offline.grant, changed(granted_at=GRANTED - 1), changed()) == ("/granted_at", "widened")


def test_previous_record_is_held_to_the_same_rules(offline: ConsentPublisher) -> None:
    assert refused(offline.grant, RECORD, changed(granted_at=1_791_280_000)) == ("/previous/granted_at", "minimum")
    assert refused(offline.narrow, RECORD, changed(profile_id=SECRET)) == ("/profile_id", "previous")


TIMES = st.none() | st.integers(GRANTED, GRANTED + 3)
RECORDS = st.fixed_dictionaries(
    {
        "purposes": st.fixed_dictionaries(
            {name: st.booleans() for name in ("analytics", "third_party_disclosure", "marketing")},
            optional={"ai_training": st.booleans()},
        )
    },
    optional={
        "withdrawn_at": TIMES,
        "expires_at": TIMES,
        "birth_month": st.sampled_from([None, "2015-04", "2014-01"]),
        "method": st.sampled_from(["card_payment", "email_plus"]),
    },
)


@settings(max_examples=200)
@given(RECORDS, RECORDS, RECORDS)
def test_narrowing_is_an_order(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    """Whatever narrows twice narrows, and what narrows in both directions covers the same."""

    def narrows(before: dict[str, Any], after: dict[str, Any]) -> bool:
        try:
            _same_grant(RECORD | before, RECORD | after)
        except InvalidEvent:
            return False
        return True

    assert narrows(one, one)
    if narrows(one, two) and narrows(two, three):
        assert narrows(one, three)
    if narrows(one, two) and narrows(two, one):
        first, second = (RECORD | each for each in (one, two))
        for record in (first, second):
            record["purposes"] = {"ai_training": False, **record["purposes"]}
            record["withdrawn_at"] = record.get("withdrawn_at") is not None
        plain = [{n: v for n, v in json.loads(json.dumps(each)).items() if v is not None} for each in (first, second)]
        assert plain[0] == plain[1]
