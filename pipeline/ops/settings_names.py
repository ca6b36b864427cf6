"""Settings by their names in the environment, and words for the wrong ones that never quote a secret."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

# Read by programs around the settings, not by them.
FREE_NAMES = ("CACHE_DIR", "CONFIG")
GIVEN_LIMIT = 80


class Leaf(NamedTuple):
    """One setting: its path in the file, its description, and whether its value is secret."""

    path: tuple[str, ...]
    description: str
    secret: bool


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Walk over every single setting below `model`, in the order of declaration."""
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from leaves(annotation, here)
        else:
            yield Leaf(here, field.description or "", "SecretStr" in str(annotation) or annotation is SecretStr)


def env_name(prefix: str, path: tuple[str, ...]) -> str:
    """Name of a setting in the environment: `("kafka", "bootstrap")` is `COPPICE_KAFKA__BOOTSTRAP`."""
    return prefix + "__".join(path).upper()


def unknown_environment(model: type[BaseModel], prefix: str, environ: Mapping[str, str]) -> list[str]:
    """Variables that carry our prefix but name no setting."""
    known = {env_name(prefix, leaf.path) for leaf in leaves(model)} | {prefix + name for name in FREE_NAMES}
    return sorted(name for name in environ if name.upper().startswith(prefix) and name.upper() not in known)


def read_environment(model: type[BaseModel], prefix: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that `environ` names, nested as in the file. An empty value counts as not set."""
    given = {name.upper(): value for name, value in environ.items() if value}
    tree: dict[str, Any] = {}
    for leaf in leaves(model):
        value = given.get(env_name(prefix, leaf.path))
        if value is not None:
            group = tree
            for part in leaf.path[:-1]:
                group = group.setdefault(part, {})
            group[leaf.path[-1]] = value
    return tree


def explain(model: type[BaseModel], prefix: str, error: ValidationError | None, unknown: list[str]) -> str:
    """One message, a line for each wrong setting; values only of settings that are known not to be secret."""
    by_name = {env_name(prefix, leaf.path): leaf for leaf in leaves(model)}
    lines: dict[str, str] = {}
    for detail in error.errors(include_url=False) if error else ():
        name = env_name(prefix, tuple(str(part) for part in detail["loc"]))
        lines[name] = _line(name, detail, by_name)
    for name in unknown:
        lines[name.upper()] = f"{name}: no such setting{_hint(name.upper(), by_name)}"
    count = "1 wrong setting" if len(lines) == 1 else f"{len(lines)} wrong settings"
    return "\n  ".join([f"{count}:", *(lines[name] for name in sorted(lines))])


def _line(name: str, detail: ErrorDetails, by_name: Mapping[str, Leaf]) -> str:
    dotted = ".".join(str(part) for part in detail["loc"])
    leaf = by_name.get(name)
    if leaf is None and detail["type"] in {"extra_forbidden", "invalid_key"}:
        return f"{name} ({dotted}): no such setting{_hint(name, by_name)}"
    valid = detail["msg"].removeprefix("Value error, ")
    if leaf is None:
        return f"{name} ({dotted}): {valid}"
    given = "a secret value" if leaf.secret else _shown(detail["input"])
    return f"{name} ({dotted}): given {given}; {valid}. {leaf.description}"


def _shown(value: object) -> str:
    if isinstance(value, str | int | float):
        return repr(value) if len(repr(value)) <= GIVEN_LIMIT else f"a text of {len(str(value))} characters"
    return f"a {type(value).__name__}"


def _hint(name: str, by_name: Mapping[str, Leaf]) -> str:
    close = get_close_matches(name, by_name, n=1, cutoff=0.75)
    return f"; did you mean {close[0]} ({'.'.join(by_name[close[0]].path)})?" if close else ""
