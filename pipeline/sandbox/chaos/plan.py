"""Which faults come, in which order, and which of them at the same time: a pure function of the seed."""

from random import Random
from typing import Final

from pipeline.sandbox.chaos.faults import CATALOGUE, Fault

PAIRS: Final = 0.25  # how many of the steps are two faults at the same time
EXCLUSIVE: Final = frozenset({"disk", "clock"})  # they touch every worker, whatever else happens to it

Step = tuple[Fault, ...]


def make_plan(seed: int, faults: int) -> list[Step]:
    """Return steps with so many faults in all. Every kind comes once before any comes again."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    order: list[Fault] = []
    while len(order) < faults:
        order += random.sample(CATALOGUE, len(CATALOGUE))
    waiting = order[:faults]
    steps: list[Step] = []
    while waiting:
        first = waiting.pop(0)
        partner = next((each for each in waiting if _together(first, each)), None)
        if partner is not None and random.random() < PAIRS:
            waiting.remove(partner)
            steps.append((first, partner))
        else:
            steps.append((first,))
    return steps


def _together(one: Fault, other: Fault) -> bool:
    return one.about != other.about and not {one.about, other.about} & EXCLUSIVE
