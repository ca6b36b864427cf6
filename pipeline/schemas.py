"""Finds and reads the JSON Schemas of the contract: envelope, consent record, and one schema per event."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from pipeline.ops.errors import ConfigError

Schema = dict[str, Any]

_PACKAGE = Path(__file__).parent


class SchemaFile(Schema):
    """A schema that knows its file, so that whatever is wrong with it can be told with file and line."""

    path: Path


def schema_dir() -> Path:
    """Return the directory of the shipped schemas: `pipeline/_schemas` in a wheel, `schemas/` in a checkout.

    Raises ConfigError when neither is there, which means that the installation is damaged.
    """
    for candidate in (_PACKAGE / "_schemas", _PACKAGE.parent / "schemas"):
        if (candidate / "raw-event.json").is_file():
            return candidate
    raise ConfigError(f"the JSON Schemas are missing beside {_PACKAGE}: install coppice again")


def load_schema(name: str) -> Schema:
    """Read one of the shipped schemas by its name, for example "raw-event" or "consent".

    Raises ConfigError when the file is missing or is not a JSON object.
    """
    path = schema_dir() / f"{name}.json"
    schema, faults = _read(path)
    if schema is None:
        raise ConfigError("; ".join(faults))
    return schema


def event_schemas(directory: Path | None = None) -> dict[str, Schema]:
    """Read the event registry: event name → JSON Schema of its properties, sorted by name.

    directory: a team's own registry (setting `policy.registry_dir`); None is the shipped one. The name of an
    event is the `title` of its schema.

    Raises ConfigError that lists every file that cannot be used, not only the first.
    """
    where = schema_dir() / "events" if directory is None else directory
    if not where.is_dir():
        raise ConfigError(f"policy.registry_dir: {where} is not a directory of event schemas")
    registry: dict[str, Schema] = {}
    faults: list[str] = []
    for path in sorted(where.glob("*.json")):
        schema, found = _read(path)
        name = schema.get("title") if schema is not None else None
        if schema is not None and (not isinstance(name, str) or not name):
            found = [f'{path}: "title" is missing; it has to be the name of the event']
        elif name in registry:
            found = [f"{path}: another file of this directory describes the event {name!r} too"]
        faults += found
        if schema is not None and isinstance(name, str) and not found:
            registry[name] = schema
    if not faults and not registry:
        faults = [f"{where}: no *.json file; with an empty registry every event would be dropped"]
    if faults:
        raise ConfigError("\n  ".join(["policy.registry_dir: the event schemas cannot be used:", *faults]))
    return dict(sorted(registry.items()))


def _read(path: Path) -> tuple[Schema | None, list[str]]:
    try:
        schema = json.loads(path.read_bytes())
    except OSError as error:
        return None, [f"{path}: {error.strerror}"]
    except (ValueError, RecursionError) as error:
        return None, [f"{path}: not JSON: {error}"]
    if not isinstance(schema, dict):
        return None, [f"{path}: not a JSON object"]
    try:
        jsonschema_rs.meta.validate(schema)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        where = "/".join(str(part) for part in getattr(error, "instance_path", ()))
        return None, [f"{path}: not a valid JSON Schema at /{where}"]
    found = SchemaFile(schema)
    found.path = path
    return found, []
