"""JSON Schema of the policy files, so that editors complete and check them: `schemas/policy.schema.json`."""

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline.policy.acknowledgements import Acknowledgements
from pipeline.policy.model import PolicySettings, RegionPolicy, SignedDocument

ROOTS: tuple[type[BaseModel], ...] = (PolicySettings, RegionPolicy, Acknowledgements)
# A settings file holds what differs from the file it lies over, so no key is required there, but for those of what
# the shipped file leaves empty.
ALWAYS_WHOLE = {SignedDocument.__name__}


def policy_schema() -> dict[str, Any]:
    """Return the schema. A file points at its own part: `…/policy.schema.json#/$defs/PolicySettings`."""
    _, exported = models_json_schema([(root, "validation") for root in ROOTS], by_alias=True)
    definitions: dict[str, Any] = exported["$defs"]
    for name in _reached(definitions, PolicySettings.__name__) - ALWAYS_WHOLE:
        definitions[name].pop("required", None)
    for definition in definitions.values():
        for spec in definition.get("properties", {}).values():
            spec.setdefault("description", _own_description(spec, definitions))
            spec.pop("title", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:coppice:schema:policy.schema",
        "title": "Policy files of coppice",
        "description": "Settings, the policy of a region, and acknowledgements. Made from the models in"
        " pipeline/policy; `python -m pipeline.policy.schema_export > schemas/policy.schema.json` writes it anew.",
        "anyOf": [{"$ref": f"#/$defs/{root.__name__}"} for root in ROOTS],
        "$defs": dict(sorted(definitions.items())),
    }


def render() -> str:
    """Return the text of the schema's file."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _own_description(spec: Any, definitions: dict[str, Any]) -> str:
    """Return what the model or the closed set of words that a key holds says of itself."""
    name = str(spec.get("$ref", "")).rpartition("/")[2]
    return str(definitions.get(name, {}).get("description", ""))


def _reached(definitions: dict[str, Any], root: str) -> set[str]:
    """Return the names of the definitions that one definition needs, itself included."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in definitions if f'"#/$defs/{other}"' in json.dumps(definitions[name])]
    return found


if __name__ == "__main__":
    sys.stdout.write(render())
