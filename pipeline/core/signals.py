"""Which signals made somebody the cohort she is (R01): each alone, and what the cohort would be without it."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from pipeline.core.age_transition import growth_of
from pipeline.core.cohort import Standing, region_of, resolve
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.core.context import Context
from pipeline.core.envelope import Envelope
from pipeline.core.survey import ENVELOPE
from pipeline.core.youth import age_in, names_age
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Age, Cohort, Region

DECIDES = "decides"  # without it the cohort would be another one
AGREES = "agrees"  # alone it would lead to the same cohort
OUTWEIGHED = "outweighed"  # a younger or stricter signal has won
CONFLICTS = "conflicts"  # two regions are stated

_ORDER = (Age.CHILD, Age.TEEN, Age.ADULT)


class Signal(Struct, frozen=True):
    """Something that says who the event is about.

    says: what, as the event or the record puts it. alone: the cohort if this and the region were all there is.
    accepted: whether the policy takes the source's word for an older age; None where it has no source.
    """

    source: str
    says: str
    alone: Cohort
    effect: str
    accepted: bool | None = None


def signals_of(
    event: dict[str, Any], envelope: Envelope, state: ConsentRecord | ConsentFault | None, context: Context
) -> tuple[Standing, tuple[Signal, ...]]:
    """Return the standing of an event, and every signal it came from, the region first."""
    policy, region, stated = context.policy, region_of(event), event.get("age")
    record = state if isinstance(state, ConsentRecord) else None
    revealed = list(telling(event, context.now_ms))
    ages = [age for _, age in revealed]
    moments = (envelope.time_ms, envelope.received_ms, context.now_ms)
    growth = growth_of(record, *moments) if record is not None else None
    standing = resolve(region, stated, _youngest(ages), record, growth, policy)

    def signal(source: str, says: str, alone: Standing, without: Standing, accepted: bool | None = None) -> Signal:
        agrees = alone.cohort is standing.cohort
        effect = DECIDES if without.cohort is not standing.cohort else AGREES if agrees else OUTWEIGHED
        if standing.conflict and source in {"region", "consent"}:
            effect = CONFLICTS
        return Signal(source, says, alone.cohort, effect, accepted)

    no_age = resolve(region, None, None, None, None, policy)
    says = region.upper() if region is not None else "none that is known"
    found = [signal("region", says, no_age, Standing(Cohort.XX))]
    if stated is not None:
        without = resolve(region, None, _youngest(ages), record, growth, policy)
        text, accepted = _stated(stated, region, policy)
        found.append(signal("age", text, resolve(region, stated, None, None, None, policy), without, accepted))
    for place, (path, age) in enumerate(revealed):
        without = resolve(region, stated, _youngest(ages[:place] + ages[place + 1 :]), record, growth, policy)
        found.append(signal(path, age, resolve(region, None, age, None, None, policy), without))
    if record is not None:
        without = resolve(region, stated, _youngest(ages), None, None, policy)
        text, accepted = _stated({"band": record.age.band, "source": record.age.source}, region, policy)
        alone = resolve(region, None, None, record, None, policy)
        found.append(signal("consent", f"{record.region}, {text}", alone, without, accepted))
        if growth is not None and not standing.conflict:
            without = resolve(region, stated, _youngest(ages), record, None, policy)
            says = f"{growth.age}, too old for this consent" if growth.outgrown else growth.age
            found.append(signal("birth_month", says, resolve(region, None, growth.age, None, None, policy), without))
    elif state is not None:
        found.append(signal("consent", "cannot be read", no_age, standing))
    return standing, tuple(found)


def telling(event: dict[str, Any], now_ms: int) -> Iterator[tuple[str, Age]]:
    """Yield the path of everything in an event that is named like an age, and the age group it reveals."""
    level: list[tuple[str, Any]] = [("", {name: value for name, value in event.items() if name not in ENVELOPE})]
    level += [(name, value) for name, value in event.items() if name in ENVELOPE]
    while level:
        below: list[tuple[str, Any]] = []
        for path, node in level:
            if type(node) is dict:
                for name, value in node.items():
                    here = f"{path}.{name}" if path else name
                    if names_age(name):
                        yield here, age_in(name, value, now_ms)
                    below.append((here, value))
            elif type(node) is list:
                below += [(f"{path}[{place}]", value) for place, value in enumerate(node)]
        level = below


def _stated(stated: Any, region: Region | None, policy: CompiledPolicy) -> tuple[str, bool | None]:
    band, source = (stated.get("band"), stated.get("source")) if type(stated) is dict else (None, None)
    if type(band) is not str or type(source) is not str:
        return "cannot be read", None
    return f"{band} ({source})", source in policy.age_sources[region] if region is not None else None


def _youngest(ages: list[Age]) -> Age | None:
    return min(ages, key=_ORDER.index) if ages else None
