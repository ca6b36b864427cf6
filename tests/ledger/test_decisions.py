"""The text of decisions: nothing lost, short where it can be, and never taken for what it is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ledger.decisions import LETTERS, MOST_CODES, Key, Run, pack, unpack
from pipeline.schemas import load_schema

KEYS = st.sampled_from([(f"reason_{number}", "US/child") for number in range(60)])
DECISIONS = st.lists(st.one_of(KEYS, st.lists(KEYS, max_size=6)), min_size=1, max_size=40)


def expand(text: str, codes: list[Key]) -> list[Key | list[Key] | None]:
    found: list[Key | list[Key] | None] = []
    for run, length in unpack(text):
        one: Key | list[Key] | None = None if run is None else [codes[code] for code in run]
        found += [one] * length
    return found


@given(DECISIONS, st.data())
def test_what_is_packed_can_be_read_again(decisions: list[Key | list[Key]], data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(1, 4), min_size=len(decisions), max_size=len(decisions)))
    offsets = [sum(steps[: index + 1]) for index in range(len(decisions))]
    counts, text = pack(0, offsets, decisions)
    found = expand(text, list(counts))
    assert len(found) == offsets[-1] + 1
    for offset, one in enumerate(found):
        if offset not in offsets:
            assert one is None
        else:
            decision = decisions[offsets.index(offset)]
            assert one == (decision if isinstance(decision, list) else [decision])
    assert counts.total() == sum(len(each) if isinstance(each, list) else 1 for each in decisions)
    assert re.fullmatch(load_schema("receipt")["properties"]["decisions"]["pattern"], text)


def test_the_same_decision_over_and_over_is_a_letter_and_a_number() -> None:
    key, other = ("a",), ("b",)
    assert pack(7, range(7, 5_007), [key] * 5_000)[1] == "A5000"
    assert pack(5, [7, 8, 9, 10_000_000], [key, key, other, [key, other]])[1] == ".2AAB.9999990(AB)"
    assert list(unpack(".2AAB.9999990(AB)"))[-2:] == [Run(None, 9_999_990), Run((0, 1), 1)]


@pytest.mark.parametrize(
    "text", ["0", "A01", "(A", "A)", "(A.)", "((A))", "A1000000000000000", "(A9999999)", "Ā²", "A٣", "é"]
)
def test_what_is_no_such_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a text of decisions"):
        list(unpack(text))


@given(st.text(alphabet="AB().0123456789Āé", max_size=12))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        runs = list(unpack(text))
    except ValueError:
        return
    assert all(length > 0 for _, length in runs)


def test_there_is_a_letter_for_every_code_and_no_more_are_taken() -> None:
    assert len(set(LETTERS)) == MOST_CODES
    decisions: list[Key | list[Key]] = [(str(number),) for number in range(MOST_CODES)]
    counts, text = pack(0, range(MOST_CODES), decisions)
    assert expand(text, list(counts)) == [[each] for each in decisions]
    with pytest.raises(ValueError, match="more different decisions"):
        pack(0, range(MOST_CODES + 1), [*decisions, ("one", "more")])
