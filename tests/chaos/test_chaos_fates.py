"""The audit's rules: what counts as accounted for, and that everything else is noticed."""

from typing import Any

import pytest

from pipeline.sandbox.chaos.audit import late_ms
from pipeline.sandbox.chaos.fates import Found, Place, Tally, account, unexpected
from pipeline.sandbox.chaos.judging import SAME_MOMENT_MS, Consents, Possible
from pipeline.sandbox.chaos.leaks import stands_in
from pipeline.sandbox.chaos.scene import Span
from pipeline.sandbox.chaos.soak import drift
from pipeline.sandbox.chaos.updates import Key
from pipeline.stream.log_reader import Stored

PLACE = Place("events.raw", 2, 17)
KEY: Key = ("level_started", "person", 1, "id")
OTHER: Key = ("level_started", "person under another name", 1, "id")


def _tally(possible: Possible, found: Found) -> Tally:
    tally = Tally()
    account(PLACE, possible, found, tally)
    return tally


def _clean(*keys: Key) -> Possible:
    return Possible(clean=dict.fromkeys(keys, "us"))


@pytest.mark.parametrize(
    ("possible", "found", "fate"),
    [
        (_clean(KEY), Found(delivered={KEY: "us"}, queued={KEY: "us"}), "delivered"),
        (_clean(KEY), Found(queued={KEY: "us"}, refused={KEY}), "refused by Mixpanel"),
        (_clean(KEY), Found(queued={KEY: "us"}, suppressed={"person": 1}), "suppressed"),
        (
            Possible(clean={KEY: "us"}, marketing={KEY}),
            Found(queued={KEY: "us"}, suppressed={"person/marketing": 1}),
            "suppressed",
        ),
        (Possible(rejected={"not_json"}), Found(rejected={PLACE: "not_json"}), "rejected/not_json"),
        (Possible(dropped={"no_consent"}), Found(), "dropped/no_consent"),
        (Possible(canary={KEY}), Found(queued={KEY: "us"}), "canary"),
    ],
)
def test_one_fate(possible: Possible, found: Found, fate: str) -> None:
    tally = _tally(possible, found)
    assert tally.fates == {fate: 1}
    assert tally.unaccounted == []


@pytest.mark.parametrize(
    ("possible", "found"),
    [
        (_clean(KEY), Found()),  # never judged
        (_clean(KEY), Found(queued={KEY: "us"})),  # judged, and never sent
        (_clean(KEY), Found(queued={KEY: "us"}, suppressed={"somebody else": 1})),
        (_clean(KEY), Found(queued={KEY: "us"}, suppressed={"person/marketing": 1})),  # it is for something else
        (_clean(KEY), Found(delivered={KEY: "in"}, queued={KEY: "us"})),  # in the wrong project
        (_clean(KEY, OTHER), Found(delivered={KEY: "us", OTHER: "us"})),  # twice, under two names
        (Possible(rejected={"not_json"}), Found()),
        (Possible(rejected={"not_json"}), Found(rejected={PLACE: "internal_error"})),
        (_clean(KEY), Found(rejected={PLACE: "not_json"})),
        (Possible(clean={KEY: "us"}, dropped={"no_consent"}), Found(queued={KEY: "us"})),  # once queued, it must arrive
    ],
)
def test_what_has_no_rightful_fate_is_told_with_its_coordinates(possible: Possible, found: Found) -> None:
    tally = _tally(possible, found)
    assert [offence.place for offence in tally.unaccounted] == [PLACE]
    assert not tally.fates


def test_what_arrives_without_the_right_to_is_a_leak() -> None:
    expected = {KEY: ("us", PLACE)}
    assert unexpected({KEY: "us"}, expected) == []
    assert [each.place for each in unexpected({KEY: "in"}, expected)] == [PLACE]
    assert len(unexpected({OTHER: "us"}, expected)) == 1


def test_time_for_which_requests_were_held_up_is_not_counted_as_late() -> None:
    assert late_ms(1_000, 9_000, []) == 8_000
    assert late_ms(1_000, 9_000, [Span(0, 4_000), Span(8_000, 20_000)]) == 4_000
    assert late_ms(1_000, 500, [Span(0, 4_000)]) < 0


@pytest.mark.parametrize("text", ["a.b@example.com", "%61.b@example.com", "YS5iQGV4YW1wbGUuY29t", "A.B@EXAMPLE.COM"])
def test_planted_texts_are_found_in_disguise(text: str) -> None:
    event: dict[str, Any] = {"event": "x", "properties": {"comment": f"write to {text} soon"}}
    assert stands_in(["a.b@example.com"], event)
    assert not stands_in(["c.d@example.com"], event)


def test_growth_is_not_flat() -> None:
    assert drift([50, 80, *[100.0] * 18])[2]
    assert not drift([100 + 2.0 * number for number in range(40)])[2]


def test_a_worker_may_know_the_newest_consent_before_an_event_and_any_later_one() -> None:
    consents = Consents()
    for number, moment in enumerate((1_000, 2_000, 3_000)):
        assert consents.take(Stored(number, moment, b"somebody", b"{}", ())).number == number + 1
    assert [number for number, _ in consents.since("somebody", 2_500)] == [2, 3]
    assert [number for number, _ in consents.since("somebody", 900)] == [0, 1, 2, 3]
    assert [number for number, _ in consents.since("somebody", 9_000)] == [3]
    assert [number for number, _ in consents.since("somebody", 3_000 + SAME_MOMENT_MS)] == [2, 3]
    assert [number for number, _ in consents.since("nobody", 9_000)] == [0]
