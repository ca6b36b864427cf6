"""What is written sign by sign is read in one piece, at its place, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.compiled import PREFILTER
from pipeline.detect.normalise import views
from pipeline.detect.spelled import LONGEST, put_together


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("j o h n @ g m a i l . c o m", "j o h n @ g m a i l . c o m", "john@gmail.com"),
        ("ok j.o.h.n.@.g.m ok", "j.o.h.n.@.g.m", "john@gm"),
        ("see john @ g m a i l . c o m!", "john @ g m a i l . c o m", "john@gmail.com"),
        ("@ g m a i l . c", "@ g m a i l . c", "@gmail.c"),
        ("j o h n AT g m a i l dot c o m", "j o h n AT g m a i l dot c o m", "john@gmail.com"),
        ("is A-B-C P.E 1 2 3 4 F.", "A-B-C P.E 1 2 3 4 F", "ABCPE1234F"),
        ("t . m e / m i a", "t . m e / m i a", "t.me/mia"),
        ("a b c 1 2 3 4", "a b c 1 2 3 4", "abc1234"),
        ("so hi there mia @ g m a i l . c o m", "mia @ g m a i l . c o m", "mia@gmail.com"),
        (" mia @ g m a i l . c o m", "mia @ g m a i l . c o m", "mia@gmail.com"),
        ("98765*43210 ok", "98765*43210", "98765-43210"),
        ("at 1234_5678/9012~3456", "1234_5678/9012~3456", "1234-5678-9012-3456"),
    ],
)
def test_puts_together(text: str, part: str, whole: str) -> None:
    assert [(text[start:end], joined) for start, end, joined in put_together(text)] == [(part, whole)]
    assert ("spelled", whole) in [(view.how, view.text) for view in views(text).others]


@pytest.mark.parametrize(
    "text",
    [
        "g a m e o v e r",
        "1 2 3 4 5 6 7 8 9 0",
        "a b c 1 2 3",
        "a b 1 2 3 4 5",
        "a b c d 1 2 3",
        "on 25/11/2026, 5/10",
        "it is a 4 x 4 grid of 16",
        "98765 43210",
        "12*12=144",
        "",
    ],
)
def test_leaves(text: str) -> None:
    assert list(put_together(text)) == []


def test_a_row_of_any_length_is_read_in_parts_that_have_an_end() -> None:
    wholes = [whole for _, _, whole in put_together("a 1 b @ " * 500)]
    assert wholes
    assert max(map(len, wholes)) <= LONGEST + 1


@given(st.text(alphabet="abAB12@.-_/* dot", max_size=60))
def test_every_part_lies_in_the_text_and_the_prefilter_sees_it(text: str) -> None:
    parts = list(put_together(text))
    for start, end, whole in parts:
        assert 0 <= start < end <= len(text)
        assert whole
    if parts:
        look = PREFILTER.look(text)
        assert look is not None
        assert look.spelled
        assert look.disguised
