"""Golden cases: an event, a consent and settings, and what must become of it; written in YAML beside the policies.

A privacy officer reads and extends them, `coppice policy test` and the test suite run them. `world.yaml` beside the
cases holds what they share: the moment, people with their consents, named settings, and one event.
"""

import io
import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from pipeline.consent.files import Consents
from pipeline.core.adapt import FIELDS
from pipeline.core.consent import parse_consent
from pipeline.core.context import Context
from pipeline.core.explain import written_by
from pipeline.core.outcome import Clean, Counted, Dropped, DropReason, Outcome, Rejected, RejectReason
from pipeline.core.sanitize import sanitize
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.compiling import SHIPPED, load_policy
from pipeline.policy.documents import Document, overlay, validate
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort, PropertyClass
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.trial import trial_context

CASES = SHIPPED / "cases"
WORLD = "world.yaml"
ADDED = frozenset({"token", "distinct_id", "time", "$insert_id", "mp_lib", "$lib_version", "ip"})
MOMENTS = ("time", "received_at", "granted_at", "withdrawn_at", "expires_at")
RELATIVE = re.compile(r"([+-][0-9]{1,5})([smhd])")
UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

Json = dict[str, Any]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Written):
    """What must become of the event: exactly one of leaves, dropped and rejected."""

    leaves: list[str] | None = Field(None, description="names of the event's properties that leave, and no other does")
    dropped: DropReason | None = None
    rejected: RejectReason | None = None
    cohort: Cohort | None = Field(None, description="required unless it is rejected")
    values: Json = Field({}, description="what some properties leave as")
    identity: Literal["pseudonym", "none"] | None = Field(None, description="whether it leaves with a pseudonym")
    absent: list[str] = Field([], description="texts that stand nowhere in what leaves")
    alarms: set[PropertyClass] | None = Field(None, description="classes that are a defect of the app here, no others")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.leaves, self.dropped, self.rejected)) != 1:
            raise ValueError("exactly one of leaves, dropped and rejected must be given")
        if self.cohort is None and self.rejected is None:
            raise ValueError("cohort must be given")
        return self


class Case(_Written):
    """One case. Moments may be written relative to the world's: `-30d`, `+2h`."""

    case: str = Field(min_length=8, description="its name, in words")
    person: str = Field(description="one of the world's people")
    event: str | None = Field(None, description="name of the event; the world's if it is not given")
    properties: Json | None = Field(None, description="instead of those of the world's event")
    update: Json | None = Field(None, description="operators of an update of her profile, which it is instead")
    envelope: Json = Field({}, description="laid over the envelope of the world's event")
    without: list[str] = Field([], description="fields that the envelope lacks")
    raw: str | None = Field(None, description="the record as it is, instead of an event")
    consent: Json | None = Field({}, description="laid over the person's consent; null: she has none")
    settings: str | None = Field(None, description="one of the world's settings; the file's if it is not given")
    set: Json = Field({}, description="settings laid over those")
    expect: Expected


class CaseFile(_Written):
    """The cases of one requirement."""

    requirement: str = Field(pattern="^[RJ][0-9]{2}$")
    title: str
    settings: str = Field(description="one of the world's settings")
    registers: dict[str, Json] = Field(
        {}, description="schemas of events, by name, that these cases have beside others"
    )
    cases: list[Case] = Field(min_length=1)


class Person(_Written):
    """Somebody the cases are about. event: laid over the envelope."""

    event: Json = {}
    consent: Json | None = None


class World(_Written):
    """What cases share."""

    now: datetime
    event: Json
    people: dict[str, Person]
    settings: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that came out differently. where: file:line."""

    where: str
    case: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Report:
    """How many cases ran, by requirement and expected cohort (None: rejected), and those that failed."""

    ran: tuple[tuple[str, Cohort | None], ...]
    failures: tuple[Failure, ...]


class Golden:
    """Runs case files with one operator's settings and registry. directory: of the policy files."""

    def __init__(self, settings: Settings, settings_file: Path | None = None, *, directory: Path = SHIPPED) -> None:
        self._directory = directory
        self._settings = settings
        self._settings_file = settings_file or settings.policy.settings_file
        self._contexts: dict[tuple[str, str], Context] = {}
        self._registries: dict[Hashable, Registry] = {}

    def run(self, paths: tuple[Path, ...] = (CASES,)) -> Report:
        """Run the cases in files and directories. Raise PolicyError for files that are no cases."""
        ran: list[tuple[str, Cohort | None]] = []
        failures: list[Failure] = []
        for path in _files(paths):
            document = Document(path)
            written = validate(CaseFile, [document])
            world = _world(path)
            for number, case in enumerate(written.cases):
                ran.append((written.requirement, case.expect.cohort))
                where = f"{path.name}:{document.line(('cases', number)) or 1}"
                got = self._outcomes(case, world, written, where)
                expected, seen = _told(case.expect), " and ".join(_seen(case.expect, each) for each in got)
                if expected != seen:
                    failures.append(Failure(where, case.case, expected, seen))
        return Report(tuple(ran), tuple(failures))

    def _outcomes(self, case: Case, world: World, file: CaseFile, where: str) -> list[Outcome]:
        chosen, person = case.settings or file.settings, world.people.get(case.person)
        if person is None or chosen not in world.settings:
            what = f"person {case.person}" if person is None else f"settings {chosen}"
            raise PolicyError([f"{where}: the world has no {what}"])
        now = round(world.now.timestamp() * 1000)
        context = self._context(overlay(world.settings[chosen], case.set), file.registers, where).at(now)
        event = overlay(overlay(world.event, person.event), case.envelope)
        event |= {} if case.event is None else {"event": case.event}
        event |= {} if case.properties is None else {"properties": case.properties}
        event = {name: value for name, value in event.items() if name not in case.without}
        event = _at(event, now)
        if case.update is not None:
            event = case.update | {"coppice": {name: event[name] for name in FIELDS if name in event}}
        raw = _json(event) if case.raw is None else case.raw.encode()
        return sanitize(raw, _consents(case, person, now), context)

    def _context(self, settings: Json, registers: dict[str, Json], where: str) -> Context:
        text, own = _yaml(settings), json.dumps(registers)
        if (text, own) not in self._contexts:
            last = Document(Path(where.partition(":")[0]), text) if settings else None
            policy = load_policy(self._settings_file, directory=self._directory, last=last)
            registry = self._registry(policy, registers, own)
            self._contexts[text, own] = trial_context(policy, registry, self._settings, 0)
        return self._contexts[text, own]

    def _registry(self, policy: CompiledPolicy, registers: dict[str, Json], own: str) -> Registry:
        """Compile the registry once for all policies that say the same about properties."""
        same = (policy.teen_list, tuple(policy.classes.items()), own)
        if same not in self._registries:
            schemas = event_schemas(self._settings.policy.registry_dir) | registers
            self._registries[same] = compile_registry(schemas, load_schema("mixpanel-defaults"), policy)
        return self._registries[same]


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        found = [each for each in sorted(path.glob("*.yaml")) if each.name != WORLD] if path.is_dir() else [path]
        if not found:
            raise PolicyError([f"{path}: holds no case files (*.yaml)"])
        yield from found


def _world(path: Path) -> World:
    """Return the world that stands beside a case file, else the shipped one."""
    beside = path.parent / WORLD
    return validate(World, [Document(beside if beside.is_file() else CASES / WORLD)])


def _consents(case: Case, person: Person, now: int) -> Consents:
    if case.consent is None or (person.consent is None and not case.consent):
        return {}
    record = _at(overlay(person.consent or {}, case.consent), now)
    profile = str(record.get("profile_id", ""))
    return {profile: parse_consent(profile.encode(), _json(record))}


def _at(written: Json, now: int) -> Json:
    """Turn relative moments into milliseconds since the epoch."""
    moments = {name: RELATIVE.fullmatch(str(written[name])) for name in MOMENTS if name in written}
    return written | {name: now + int(m[1]) * UNITS[m[2]] for name, m in moments.items() if m is not None}


def _told(expected: Expected) -> str:
    """Return the expectation as the one line that a matching outcome gives."""
    if expected.rejected is not None:
        return f"rejected {expected.rejected}"
    alarms = "" if expected.alarms is None else f", alarms {sorted(expected.alarms)}"
    if expected.dropped is not None:
        return f"dropped {expected.dropped} as {expected.cohort}{alarms}"
    parts = [f"leaves as {expected.cohort} with {sorted(expected.leaves or ())}"]
    parts += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(expected.values.items())]
    parts += [f"identity {expected.identity}"] if expected.identity is not None else []
    return ", ".join(parts) + alarms


def _seen(expected: Expected, outcome: Outcome) -> str:
    """Return an outcome in the words of `_told`, with as much detail as was asked for."""
    match outcome:
        case Rejected():
            return f"rejected {outcome.reason}"
        case Dropped():
            found = outcome.ruling.alarms if outcome.ruling is not None else ()
            alarms = "" if expected.alarms is None else f", alarms {sorted(found)}"
            return f"dropped {outcome.reason} as {outcome.cohort}{alarms}"
        case Counted():
            by = ", ".join(f"{name} = {json.dumps(value)}" for name, value in outcome.cell.dimensions)
            return f"counted as {outcome.cohort} by {by or 'nothing'}"
        case Clean():
            left = _left(outcome)
            parts = [f"leaves as {outcome.cohort} with {sorted(set(left) - ADDED)}"]
            parts += [
                f"{name} = {json.dumps(left[name], ensure_ascii=False)}" if name in left else f"no {name}"
                for name in sorted(expected.values)
            ]
            identity = "pseudonym" if left["distinct_id"] else "none"
            parts += [f"identity {identity}"] if expected.identity is not None else []
            parts += [f"holds {text!r}" for text in expected.absent if text in outcome.value.decode()]
            alarms = "" if expected.alarms is None else f", alarms {sorted(outcome.ruling.alarms)}"
            return ", ".join(parts) + alarms


def _left(clean: Clean) -> Json:
    """Return what leaves of an event, by name; of an update also the names it removes, marked as such."""
    value: Json = json.loads(clean.value)
    if not clean.is_update:
        return dict(value["properties"])
    removed = {f"$unset {name}": True for name in value.get("$unset", ())}
    removed |= {name: True for name in ("$delete", "$group_id") if name in value}
    return written_by(value) | removed | {"distinct_id": clean.key.decode()}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()  # YAML knows dates


def _yaml(value: Json) -> str:
    out = io.StringIO()
    YAML().dump(value, out)
    return out.getvalue()
