"""Read YAML with the line of every key, so that errors can name the place."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipeline.policy.errors import PolicyError

Location = tuple[int | str, ...]

DOCUMENTS = 32  # that are remembered: the shipped ones, and what is laid over them


@lru_cache(DOCUMENTS)
def _loaded(text: str) -> Any:
    """Return what a document holds, with its lines; nobody changes it. Reading takes longer than all that follows."""
    return YAML(typ="rt").load(text)


class Document:
    """One YAML file: its mapping, and where each key stands."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Raise PolicyError when the file cannot be read or is not a mapping. text: instead of what the file holds."""
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8") if text is None else text
            self.data: Any = _loaded(self.text)
        except MarkedYAMLError as exc:
            line = exc.problem_mark.line + 1 if exc.problem_mark else 1
            raise PolicyError([f"{path.name}:{line}: not YAML: {exc.problem}"]) from None
        except (OSError, UnicodeDecodeError, YAMLError) as exc:
            raise PolicyError([f"{path.name}: cannot be read ({type(exc).__name__})"]) from None
        if not isinstance(self.data, CommentedMap):
            raise PolicyError([f"{path.name}:1: must be a mapping of settings"])

    def line(self, loc: Location) -> int | None:
        """Return the line (from 1) of the deepest part of loc that stands in this file, None when nothing does."""
        node, found = self.data, None
        for part in loc:
            try:
                at = node.lc.data[part][0]
                node = node[part]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
            found = at + 1
        return found


def placed(problem: str, schema: Mapping[str, Any], otherwise: str) -> str:
    """Put file and line before what is wrong with a schema.

    problem: begins with the key, as `properties.level: `. otherwise: the name of a schema that comes from no file.
    """
    path = getattr(schema, "path", None)
    if not isinstance(path, Path):
        return f"{otherwise}: {problem}"
    key = problem.partition(": ")[0]
    try:
        line = Document(path).line(tuple(key.split(".", 1)))
    except PolicyError:  # JSON that YAML reads otherwise, or the file has changed by now
        line = None
    return f"{path}: {problem}" if line is None else f"{path}:{line}: {problem}"


def overlay(base: Any, top: Any) -> Any:
    """Lay one mapping over another, key by key; anything but a mapping is replaced whole."""
    if not isinstance(base, dict) or not isinstance(top, dict):
        return top
    return {**base, **{k: overlay(base[k], v) if k in base else v for k, v in top.items()}}


M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], documents: list[Document]) -> M:
    """Check documents, each laid over the one before, against a model. Raise PolicyError with every problem."""
    data: Any = {}
    for document in documents:
        data = overlay(data, document.data)
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise PolicyError([_problem(error, documents) for error in exc.errors(include_url=False)]) from None


def _problem(error: Any, documents: list[Document]) -> str:
    loc: Location = error["loc"]
    best = max(reversed(documents), key=lambda document: len(_within(document, loc)))  # a later one has the last word
    where = best.line(loc) or 1
    return f"{best.path.name}:{where}: {'.'.join(map(str, loc))}: {error['msg']}"


def _within(document: Document, loc: Location) -> Location:
    """Return the part of loc that stands in this document."""
    node, seen = document.data, 0
    for part in loc:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
        seen += 1
    return loc[:seen]
