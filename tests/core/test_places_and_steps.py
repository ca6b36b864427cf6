"""Small answers that others rest on: where a defect is (R34), and where an event stands in its session (T41)."""

import re
from typing import Any

import pytest

from pipeline.core.defect import place_of
from pipeline.core.session import LONGEST_SESSION, Step, metadata_of, step_of


class Breaking(dict[str, Any]):
    """An event that cannot be read."""

    def get(self, key: str, default: Any = None) -> Any:
        raise ZeroDivisionError(key, default)


def test_a_place_is_the_last_of_ours_whoever_raised() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        step_of(Breaking())
    assert re.fullmatch(r"ZeroDivisionError\.pipeline\.core\.session\.[0-9]+", place_of(caught.value))
    line = int(place_of(caught.value).rpartition(".")[2])
    with pytest.raises(ZeroDivisionError) as sooner:
        metadata_of(Breaking())
    assert int(place_of(sooner.value).rpartition(".")[2]) == line


def test_an_error_that_no_code_of_ours_saw_has_no_place() -> None:
    assert place_of(KeyError("profile-0001")) == "KeyError"
    with pytest.raises(ZeroDivisionError) as caught:
        Breaking().get("profile-0001")
    assert place_of(caught.value) == "ZeroDivisionError"


def event_of(session: Any, number: Any) -> dict[str, Any]:
    return {"event": "x", "$mp_metadata": {"$mp_session_id": session, "$mp_session_seq_id": number}}


@pytest.mark.parametrize(
    ("session", "name"),
    [
        ("7", "7"), (7, "7"), ("a" * LONGEST_SESSION, "a" * LONGEST_SESSION), (-(2**63), str(-(2**63))),
        ("", None), ("a" * (LONGEST_SESSION + 1), None), (None, None), (7.0, None), (True, None), (["7"], None),
    ],
)  # fmt: skip
def test_a_session_is_a_short_text_or_an_integer(session: Any, name: str | None) -> None:
    assert step_of(event_of(session, 3)) == (None if name is None else Step(name, 3, update=False))


@pytest.mark.parametrize(("number", "counts"), [(0, True), (1, True), (-1, False), (True, False), (1.0, False)])
def test_a_step_is_a_number_from_nought(number: Any, counts: bool) -> None:
    update = {"$set": {}} | {name: value for name, value in event_of("s", number).items() if name != "event"}
    assert step_of(event_of("s", number)) == (Step("s", number, update=False) if counts else None)
    assert step_of(update) == (Step("s", number, update=True) if counts else None)
