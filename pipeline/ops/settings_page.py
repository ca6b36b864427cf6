"""Print `docs/settings.md`: every setting of a deployment, from where it is declared."""

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.ops.settings import PREFIX, Settings
from pipeline.ops.settings_names import env_name

HEAD = """# Settings

Every worker and command reads its settings in this order, the later one wins: the defaults below, the YAML file
(`--config FILE`, or the one that `COPPICE_CONFIG` names), the environment. A name that is not listed here is an error,
and so is a value that does not fit: all of them are reported at once. Secrets are never shown.

`settings-minimal.yaml` and `settings-full.yaml` in `docs/samples/` are files that load. The judgement calls of the law
(J1 to J21) are not here but in the policy settings file, which `docs/policy.md` explains.

This page is printed by `python -m pipeline.ops.settings_page > docs/settings.md`.
"""


def render() -> str:
    """Return the page: a section for each group, a row for each setting."""
    return HEAD + "".join(_sections(Settings, ()))


def _sections(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    rows = []
    groups: list[tuple[type[BaseModel], tuple[str, ...]]] = []
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        if (group := _group(field)) is not None:
            groups.append((group, here))
        else:
            rows.append(_row(here, field))
    if rows:
        title = f"`{'.'.join(path)}`" if path else "At the top"
        words = (model.__doc__ or "").strip().partition("\n")[0] if path else "Keys that belong to no group."
        head = "| Setting | In the environment | Value | Default | What it is |\n|---|---|---|---|---|\n"
        yield f"\n## {title}\n\n{words}\n\n{head}" + "\n".join(rows) + "\n"
    for group, here in groups:
        yield from _sections(group, here)


def _group(field: FieldInfo) -> type[BaseModel] | None:
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _row(path: tuple[str, ...], field: FieldInfo) -> str:
    cells = (
        f"`{'.'.join(path)}`",
        f"`{env_name(PREFIX, path)}`",
        _kind(field.annotation) + _bounds(field),
        _default(field.default),
        field.description or "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kind(annotation: Any) -> str:
    """Name a type as somebody who writes YAML would."""
    arguments = [kind for kind in get_args(annotation) if kind is not type(None)]
    if arguments and all(isinstance(word, str) for word in arguments):
        return "one of " + ", ".join(f"`{word}`" for word in arguments)
    if get_origin(annotation) is not None and arguments:
        return _kind(arguments[0])
    if annotation is SecretStr:
        return "secret text"
    return {"int": "whole number", "float": "number", "bool": "true or false", "Path": "path"}.get(
        getattr(annotation, "__name__", ""), "text"
    )


def _bounds(field: FieldInfo) -> str:
    words = {"gt": "above", "ge": "from", "lt": "below", "le": "up to"}
    rules = [
        (word, getattr(rule, name)) for rule in field.metadata for name, word in words.items() if hasattr(rule, name)
    ]
    said = [f"{word} {limit:,}" for word, limit in rules]
    return ", " + " ".join(said) if said else ""


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return "not set"
    return f"`{value}`" if value != "" else "empty"


if __name__ == "__main__":
    sys.stdout.write(render())
