"""`coppice check`: may this policy go into force? Everything that is wrong at once, and whatever got looser."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import load_settings
from pipeline.policy.acknowledgements import SHIPPED as SHIPPED_SIGNATURES
from pipeline.policy.acknowledgements import Acknowledgement, load_acknowledgements, stub, unacknowledged, unused
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import SHIPPED, load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.facts import Facts, decode, encode, facts_of
from pipeline.policy.looseness import Loosening, loosenings
from pipeline.policy.registry import Schema, compile_registry
from pipeline.schemas import event_schemas, load_schema

BASELINE = SHIPPED / "baseline.json"
T = TypeVar("T")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Compared(NamedTuple):
    """A policy beside its predecessor. recorded: the predecessor is the baseline, word for word."""

    name: str
    predecessor: str
    found: list[Loosening]
    recorded: bool


@click.command()
@click.option("--settings", "settings_file", type=FILE, help="Policy settings to check; unset: those of the workers.")
@click.option("--against", type=FILE, help="The settings that were in force before, instead of the baseline.")
@click.option(
    "--baseline", type=click.Path(dir_okay=False, path_type=Path), default=BASELINE, help="What was let out so far."
)
@click.option("--acknowledgements", type=FILE, default=SHIPPED_SIGNATURES, help="Who has signed for what is looser.")
@click.option(
    "--signed-before", type=FILE, help="The acknowledgements that stood beside the predecessor: they are used up."
)
@click.option("--write-baseline", is_flag=True, help="Make what is checked the baseline, if it passes.")
def check(
    settings_file: Path | None,
    against: Path | None,
    baseline: Path,
    acknowledgements: Path,
    signed_before: Path | None,
    *,
    write_baseline: bool,
) -> None:
    """Check policy, settings, registry and acknowledgements; refuse what is looser than before.

    Exit status 2 if anything is wrong, or if any cohort may keep more or decide more than under the predecessor and
    nobody has signed for it (R38). The predecessor is --against, else the baseline. docs/changing-policy.md has the
    lines for CI: there the baseline is the one of the main branch.
    """
    problems: list[str] = []
    files = _Files(settings_file, problems)
    new = files.facts(files.policy)
    signed = _attempt(problems, lambda: load_acknowledgements(acknowledgements))
    used = _attempt(problems, lambda: {} if signed_before is None else load_acknowledgements(signed_before))
    first = write_baseline and not baseline.exists()
    stored = None if first else _attempt(problems, lambda: _read(baseline))
    before = files.facts(_attempt(problems, lambda: load_policy(against))) if against is not None else None
    shipped = files.facts(_attempt(problems, load_policy)) if against is not None else None
    if problems or new is None or signed is None or used is None or files.policy is None:
        raise ConfigError("\n  ".join([f"{len(problems)} problems:", *problems]))
    what = f"policy {files.policy.version}"
    compared: list[Compared] = []
    if stored is not None:  # the installed files themselves, whatever the settings are
        name, facts = (what, new) if shipped is None else ("the installed policy", shipped)
        compared.append(Compared(name, baseline.name, loosenings(stored, facts), stored == facts))
    if before is not None and against is not None:
        compared.append(Compared(what, against.name, loosenings(before, new), recorded=True))
    click.echo(f"{what} ({files.policy.sha256[:12]}) is valid, with {len(new.events)} events")
    for each in compared:
        _tell(each, unused(signed, used), used)
    _refuse(compared, unused(signed, used), acknowledgements)
    if write_baseline:
        baseline.write_bytes(encode(new if shipped is None else shipped))
        click.echo(f"{baseline} written")


class _Files:
    """What is to be checked; what is wrong with it gathers in problems."""

    def __init__(self, settings_file: Path | None, problems: list[str]) -> None:
        self._problems = problems
        settings = _attempt(problems, load_settings)
        configured = settings.policy if settings is not None else None
        overlay = settings_file or (configured.settings_file if configured is not None else None)
        self.policy = _attempt(problems, lambda: load_policy(overlay))
        where = configured.registry_dir if configured is not None else None
        self._schemas = _attempt(problems, lambda: event_schemas(where))
        self._defaults: Schema | None = _attempt(problems, lambda: load_schema("mixpanel-defaults"))
        self._profile: Schema | None = _attempt(problems, lambda: load_schema("profile"))
        if self.policy is None:  # the registry may have errors of its own: look at it with the shipped settings
            self.facts(_attempt([], load_policy))

    def facts(self, policy: CompiledPolicy | None) -> Facts | None:
        """Return what a policy lets out with the registry, None if there are problems."""
        schemas, defaults, profile = self._schemas, self._defaults, self._profile
        if policy is None or schemas is None or defaults is None or profile is None:
            return None
        known = policy

        def gather() -> Facts:
            return facts_of(known, compile_registry(schemas, defaults, known), schemas, defaults, profile)

        return _attempt(self._problems, gather)


def _attempt(problems: list[str], load: Callable[[], T]) -> T | None:
    try:
        return load()
    except PolicyError as exc:
        found = exc.problems
    except ConfigError as exc:
        found = [line.strip() for line in str(exc).splitlines()]
    problems += [problem for problem in found if problem not in problems]
    return None


def _read(baseline: Path) -> Facts:
    try:
        return decode(baseline.read_bytes(), baseline.name)
    except OSError as exc:
        raise PolicyError([f"{baseline}: cannot be read ({exc.strerror}); --write-baseline makes it"]) from None


def _tell(compared: Compared, signed: Mapping[str, Acknowledgement], used: Mapping[str, Acknowledgement]) -> None:
    name, predecessor, found, recorded = compared
    if not found:
        click.echo(f"{name} is not looser than {predecessor}")
        if not recorded:
            click.echo("  it is stricter, or says the same otherwise: --write-baseline keeps it from slipping back")
        return
    click.echo(f"{name} is looser than {predecessor} in {len(found)} ways:")
    for each in found:
        click.echo(f"  {each.id}  {each.where}: {each.what} [{_who(each, signed, used)}]")


def _who(step: Loosening, signed: Mapping[str, Acknowledgement], used: Mapping[str, Acknowledgement]) -> str:
    entry, earlier = signed.get(step.id), used.get(step.id)
    if entry is not None:
        return f"signed by {entry.by} on {entry.date}"
    if earlier is not None:
        return f"NOT ACKNOWLEDGED: what {earlier.by} signed on {earlier.date} was an earlier change; sign anew"
    return "NOT ACKNOWLEDGED"


def _refuse(compared: list[Compared], signed: Mapping[str, Acknowledgement], path: Path) -> None:
    missing = list({step.id: step for each in compared for step in unacknowledged(each.found, signed)}.values())
    if missing:
        raise ConfigError(
            f"{len(missing)} things are looser than before and nobody has signed for them (R38). Make the policy"
            f" stricter again, or have them acknowledged in {path}:\n{stub(missing)}"
        )
