"""Everything the pure function may know besides the event and its consent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipeline.core.identity import KeyRing
from pipeline.core.ruling import Rulings
from pipeline.core.session import Step
from pipeline.core.work import Work
from pipeline.policy.compiled import CompiledPolicy, EventPlan, Registry
from pipeline.policy.vocabulary import Region


@dataclass(frozen=True, slots=True)
class Project:
    """What of a region's Mixpanel project goes into every event: its token is a name, not a secret."""

    project_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Context:
    """The world at one moment. now_ms: milliseconds since the epoch, one value per chunk.

    only: the one region this worker may process, None for all. rulings: what has been worked out for this policy and
    registry; another policy gets a context of its own. library: name and version of the package whose
    message form the events have, as Mixpanel shows them (`mp_lib`, `$lib_version`). profile: what profiles of adults
    may hold; without it every update of one is unknown. work: what may still be looked at for the array that an event
    stands in, None where it stands alone. steps: where to write the steps of SDKs' sessions, whatever becomes of the
    events; None for a caller who does not count them.
    """

    policy: CompiledPolicy
    registry: Registry
    keys: KeyRing
    projects: Mapping[Region, Project]
    library: tuple[str, str]
    now_ms: int
    only: Region | None = None
    profile: EventPlan | None = None
    rulings: Rulings = field(default_factory=dict, repr=False, compare=False)
    work: Work | None = None
    steps: list[Step] | None = field(default=None, repr=False, compare=False)

    def at(self, now_ms: int, steps: list[Step] | None = None) -> "Context":
        """Return the same world at another moment, with another place for steps."""
        return replace(self, now_ms=now_ms, steps=steps)

    def for_array(self) -> "Context":
        """Return the same world for the events of one array, which share what may be looked at."""
        return replace(self, work=Work())
