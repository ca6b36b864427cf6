"""Whatever a record holds, every event in it gets an outcome, and nothing is ever raised."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.core import sanitize as heart
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Dropped, Outcome, Rejected, RejectReason
from pipeline.core.profile_update import OPERATOR
from pipeline.core.sanitize import sanitize
from pipeline.policy.compiling import load_policy
from pipeline.policy.registry import compile_registry
from pipeline.schemas import event_schemas
from tests.core.worlds import (
    DEFAULTS,
    DEMO_FILE,
    KEYS,
    LIBRARY,
    NOW,
    OPEN,
    PERMISSIVE,
    PROJECTS,
    RECORDS,
    SAMPLES,
    World,
    adult_world,
    consents_of,
    context_of,
    encode,
    policy_of,
    raw_event,
)

PLACES = {"", "event", "profile_id", "time", "received_at", "properties", "region", OPERATOR}  # and no word of a client
WORLDS = [
    World(context_of(policy_of()), {}),
    adult_world(),
    World(context_of(policy_of(PERMISSIVE)), consents_of(RECORDS["US/child"])),
    World(context_of(policy_of(OPEN)), consents_of(RECORDS["IN/adult"])),
]
EVENTS = [json.loads(line) for line in (SAMPLES / "raw_events.ndjson").read_bytes().splitlines()[:200]]
DEMO_POLICY = load_policy(DEMO_FILE)
SAMPLE_WORLD = World(
    Context(DEMO_POLICY, compile_registry(event_schemas(), DEFAULTS, DEMO_POLICY), KEYS, PROJECTS, LIBRARY, NOW),
    consents_of(*(json.loads(line) for line in (SAMPLES / "consent.ndjson").read_bytes().splitlines())),
)

WORDS = st.sampled_from(
    [*raw_event(), "age", "gpc", "band", "source", "dob", "child", "adult", "US", "IN", "", "$ip", "x"]
)
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | WORDS
    | st.sampled_from(
        [0, -1, NOW, NOW / 1000, 2**63, 2**64, 10**400, 1e308, -1e308, "0", "\x00", "\ud800", "💥", "9" * 4_400]
    )
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)


def accounted(outcomes: list[Outcome], raw: bytes) -> None:
    assert outcomes
    assert all(isinstance(outcome, Clean | Dropped | Rejected) for outcome in outcomes)
    assert RejectReason.INTERNAL_ERROR not in {each.reason for each in outcomes if isinstance(each, Rejected)}, raw
    for outcome in outcomes:
        if isinstance(outcome, Clean):
            assert set(json.loads(outcome.value)) == {"event", "properties"}
        if isinstance(outcome, Rejected):
            assert outcome.path in PLACES


@settings(max_examples=500)
@example({"$token": None})  # an update of a profile that does not say what to do
@given(ANY)
def test_any_json_has_an_outcome(value: Any) -> None:
    raw = json.dumps(value).encode()
    for here in WORLDS:
        outcomes = here.judge(raw)
        accounted(outcomes, raw)
        if isinstance(value, list) and value and len(outcomes) > 1:
            assert len(outcomes) == len(value)


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from([*raw_event(), "age", "gpc"]), ANY, max_size=4))
def test_event_with_any_fields_has_an_outcome(changes: dict[str, Any]) -> None:
    raw = json.dumps(raw_event(**changes)).encode()
    for here in WORLDS:
        accounted(here.judge(raw), raw)
        accounted(here.judge(b"[" + raw + b"," + encode(raw_event()) + b"]"), raw)


@given(st.binary(max_size=60))
def test_any_bytes_have_an_outcome(raw: bytes) -> None:
    accounted(WORLDS[1].judge(raw), raw)


@settings(max_examples=400)
@given(st.sampled_from(EVENTS), st.data())
def test_damaged_sample_event_has_an_outcome(event: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert", "swap"])):
            case "set":
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                raw[at:at] = data.draw(
                    st.sampled_from([b'"', b"{", b"}", b"[", b",", b":", b"\\", b"\xff", b"NaN", b"1e999"])
                )
            case _:
                other = data.draw(st.integers(0, len(raw) - 1))
                raw[at], raw[other] = raw[other], raw[at]
        if not raw:
            break
    accounted(SAMPLE_WORLD.judge(bytes(raw)), bytes(raw))


@given(st.sampled_from(EVENTS), st.sampled_from(EVENTS), st.sampled_from(list(raw_event())))
def test_sample_event_with_a_field_of_another(event: dict[str, Any], other: dict[str, Any], field: str) -> None:
    raw = encode(event | {field: other[field]})
    accounted(SAMPLE_WORLD.judge(raw), raw)


def test_judging_the_same_events_alone_or_together_is_the_same() -> None:
    alone = [SAMPLE_WORLD.one(event) for event in EVENTS]
    assert SAMPLE_WORLD.judge(EVENTS) == alone
    assert [SAMPLE_WORLD.one(json.dumps(event, indent=2).encode()) for event in EVENTS] == alone
    assert [SAMPLE_WORLD.one(json.dumps(event).encode()) for event in EVENTS] == alone


class Broken:
    """Consent states, one of which cannot be looked up."""

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    def get(self, profile_id: str, /) -> None:
        if profile_id == "broken":
            raise self.failure


@pytest.mark.parametrize(
    "failure", [KeyError("profile-77"), RecursionError(), MemoryError(), AssertionError(), ValueError()]
)
def test_defect_of_ours_sets_that_event_aside_only(failure: BaseException) -> None:
    context = context_of(policy_of(PERMISSIVE))
    events = [raw_event(event="essential", profile_id=profile) for profile in ("one", "broken", "two")]
    first, middle, last = sanitize(encode(events), Broken(failure), context)
    assert isinstance(first, Clean)
    assert isinstance(middle, Rejected)
    assert middle.reason is RejectReason.INTERNAL_ERROR
    place = rf"{type(failure).__name__}\.pipeline\.core\.sanitize\.[0-9]+"  # and nothing that the event holds (R34)
    assert re.fullmatch(place, middle.path)
    assert isinstance(last, Clean)
    assert sanitize(encode(events[1]), Broken(failure), context) == [middle]


@pytest.mark.replaces_names
@pytest.mark.parametrize("step", ["read_envelope", "survey", "resolve", "ruling_for", "decide", "select"])
def test_defect_in_any_step_is_an_outcome(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = adult_world()
    good = here.one(raw_event())
    calls = 0
    real = getattr(heart, step)

    def fails_once(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ZeroDivisionError("value of a person")
        return real(*args, **named)

    monkeypatch.setattr(heart, step, fails_once)
    first, middle, last = here.judge([raw_event()] * 3)
    assert first == last == good
    assert isinstance(middle, Rejected)
    assert middle.reason is RejectReason.INTERNAL_ERROR
    assert middle.path.startswith("ZeroDivisionError.pipeline.core.")


def test_stopping_the_process_is_not_an_outcome() -> None:
    with pytest.raises(KeyboardInterrupt):
        sanitize(encode(raw_event(profile_id="broken")), Broken(KeyboardInterrupt()), context_of(policy_of()))
