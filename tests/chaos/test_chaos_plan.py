"""The plan of a chaos run is a function of its seed, and leaves nothing out."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sandbox.chaos.faults import CATALOGUE, ROLES
from pipeline.sandbox.chaos.plan import EXCLUSIVE, make_plan

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(1, 120))
def test_a_seed_gives_the_same_faults_again_and_as_many_as_asked(seed: int, faults: int) -> None:
    plan = make_plan(seed, faults)
    assert [[fault.name for fault in step] for step in plan] == [
        [fault.name for fault in step] for step in make_plan(seed, faults)
    ]
    assert sum(map(len, plan)) == faults


@given(SEEDS)
def test_every_kind_comes_before_any_comes_again(seed: int) -> None:
    names = Counter(fault.name for step in make_plan(seed, len(CATALOGUE)) for fault in step)
    assert names == Counter(fault.name for fault in CATALOGUE)


@given(SEEDS)
def test_faults_at_the_same_time_are_about_different_things(seed: int) -> None:
    for step in make_plan(seed, 100):
        about = [fault.about for fault in step]
        assert len(set(about)) == len(about)
        assert len(step) == 1 or not set(about) & EXCLUSIVE


def test_seeds_differ_and_some_faults_come_together() -> None:
    plans = [make_plan(seed, 50) for seed in range(10)]
    assert len({plan[0][0].name for plan in plans}) > 1
    assert all(any(len(step) == 2 for step in plan) for plan in plans)


def test_every_role_is_killed_ended_and_frozen() -> None:
    names = {fault.name for fault in CATALOGUE}
    assert {f"{what} {role}" for what in ("kill -9", "SIGTERM", "SIGSTOP") for role in ROLES} <= names
