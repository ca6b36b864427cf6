"""`docker-compose.yml` as Docker would see it: anchors merged, variables replaced."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
HEADER = FILE.read_text(encoding="utf-8").partition("\nname:")[0]
GIVEN = {
    "COPPICE_MIXPANEL__US__PROJECT_ID": "11",
    "COPPICE_MIXPANEL__US__TOKEN": "token-us",
    "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_USER": "us.serviceaccount",
    "COPPICE_MIXPANEL__IN__PROJECT_ID": "12",
    "COPPICE_MIXPANEL__IN__TOKEN": "token-in",
    "COPPICE_MIXPANEL__IN__SERVICE_ACCOUNT_USER": "in.serviceaccount",
}
"""What an operator writes into `.env`."""

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def load(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the file's content with `${NAME:-default}` replaced, as Docker does after parsing."""
    content: dict[str, Any] = _replaced(YAML(typ="safe").load(FILE.read_text(encoding="utf-8")), given)
    return content


def _replaced(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: given.get(match[1]) or match[2], value)
    if isinstance(value, dict):
        return {key: _replaced(inner, given) for key, inner in value.items()}
    return [_replaced(inner, given) for inner in value] if isinstance(value, list) else value


def variables() -> set[str]:
    """Names of the variables that the file takes from `.env`."""
    return {match[1] for match in _VARIABLE.finditer(FILE.read_text(encoding="utf-8"))}


CONTENT = load(GIVEN)
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("coppice:")}
WORKERS = {name: service for name, service in OURS.items() if service.get("command", [""])[0] in {"worker", "auditor"}}
"""Those that serve metrics and health."""


def arguments(service: Mapping[str, Any]) -> list[str]:
    """Return what follows `coppice` on the service's command line."""
    if "entrypoint" in service:
        words = shlex.split(service["entrypoint"][-1])
        return words[words.index("coppice") + 1 :]
    return [str(word) for word in service["command"]]


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Return the service's environment."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def mounted(service: Mapping[str, Any]) -> dict[str, str]:
    """Files and folders in the container, and where they come from: a path or a volume's name."""
    found = {}
    for volume in service.get("volumes", ()):
        source, target, *_ = volume.split(":")
        found[target] = source
    for kind, folder in (("configs", "/"), ("secrets", "/run/secrets/")):
        for entry in service.get(kind, ()):
            source = entry if isinstance(entry, str) else entry["source"]
            target = entry if isinstance(entry, str) else entry["target"]
            path = target if target.startswith("/") else folder + target
            found[path] = CONTENT[kind][source]["file"]
    return found
