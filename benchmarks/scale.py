"""How much is measured: the full run, and a quick one for development that is good for ratios only."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of events, records and repeats.

    pool: distinct events; profiles: players who send them; core: events of one round of the core.
    consent: profiles that a reader loads; million: profiles that a worker knows when it is ready.
    steady: events a second while people withdraw; leavers: how many at a time; backlog: events they withdraw behind.
    memory: events of the long run; copies: how many times as many players it has as the pool.
    """

    repeats: int
    pool: int
    profiles: int
    core_rounds: int
    sanitize: int
    stock: int
    deliver: int
    buffered: int
    buffered_far: int
    consent: int
    million: int
    steady: int
    leavers: int
    backlog: int
    memory: int
    copies: int


FULL: Final = Scale(
    repeats=3,
    pool=20_000,
    profiles=10_000,
    core_rounds=9,
    sanitize=500_000,
    stock=60_000,
    deliver=500_000,
    buffered=30_000,
    buffered_far=2_500,
    consent=600_000,
    million=1_000_000,
    steady=10_000,
    leavers=10,
    backlog=100_000,
    memory=10_000_000,
    copies=25,
)

QUICK: Final = Scale(
    repeats=1,
    pool=4_000,
    profiles=3_000,
    core_rounds=5,
    sanitize=100_000,
    stock=15_000,
    deliver=200_000,
    buffered=1_500,
    buffered_far=500,
    consent=200_000,
    million=250_000,
    steady=1_000,
    leavers=4,
    backlog=10_000,
    memory=600_000,
    copies=5,
)
