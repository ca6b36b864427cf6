"""Who has signed for what is looser than before (R38)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from pipeline.policy.documents import Document, validate
from pipeline.policy.errors import PolicyError
from pipeline.policy.looseness import Loosening
from pipeline.policy.model import Written

SHIPPED = Path(__file__).parent.parent / "policies" / "acknowledgements.yaml"


class Acknowledgement(Written):
    """One signature for one step."""

    id: str = Field(pattern="^[0-9a-f]{10}$", description="of the loosening, as `coppice check` prints it")
    by: str = Field(min_length=2, max_length=128, description="who takes responsibility: a name or a role")
    date: dt.date = Field(description="day of the signature")
    why: str = Field(min_length=10, max_length=500, description="the reason, for whoever audits it later")


class Acknowledgements(Written):
    """The file: a list of signatures. It stays as a record when the step has become the baseline."""

    acknowledged: list[Acknowledgement] = Field(description="signatures, oldest first")


def load_acknowledgements(path: Path | None = None) -> Mapping[str, Acknowledgement]:
    """Read signatures (None: the shipped ones) by id. Raise PolicyError with every problem, each with file and line."""
    document = Document(path or SHIPPED)
    entries = validate(Acknowledgements, [document]).acknowledged
    found: dict[str, Acknowledgement] = {}
    problems = []
    for index, entry in enumerate(entries):
        if entry.id in found:
            line = document.line(("acknowledged", index, "id")) or 1
            problems.append(f"{document.path.name}:{line}: acknowledged.{index}.id: {entry.id} is signed for twice")
        found[entry.id] = entry
    if problems:
        raise PolicyError(problems)
    return found


def unused(signed: Mapping[str, Acknowledgement], before: Mapping[str, Acknowledgement]) -> dict[str, Acknowledgement]:
    """Return the signatures that did not stand beside the predecessor: those were for a step that is taken."""
    return {name: entry for name, entry in signed.items() if before.get(name) != entry}


def unacknowledged(found: Iterable[Loosening], signed: Mapping[str, Acknowledgement]) -> list[Loosening]:
    """Return what nobody has signed for."""
    return [each for each in found if each.id not in signed]


def stub(missing: Iterable[Loosening]) -> str:
    """Return the lines that would acknowledge something, but for the words that a person has to write."""
    lines = ["acknowledged:"]
    for each in missing:
        lines.append(f"  # {each.where}: {each.what}")
        lines.append(f'  - {{id: "{each.id}", by: , date: , why: }}')
    return "\n".join(lines)
