"""Consent records from a file, one JSON object a line, for trying a policy without Kafka."""

import json
from pathlib import Path

from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent

Consents = dict[str, ConsentRecord | ConsentFault]


def read_consents(path: Path) -> tuple[Consents, int]:
    """Read a file's records; a later one replaces an earlier one of the same profile.

    Return them by profile id, and how many are not valid: those count as no consent. Raises OSError.
    """
    consents: Consents = {}
    unreadable = 0
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            profile = _profile(line)
            state = parse_consent(profile.encode(), line) if profile is not None else ConsentFault.UNREADABLE
            unreadable += isinstance(state, ConsentFault)
            if profile is not None:
                consents[normalise_id(profile)] = state
    return consents, unreadable


def _profile(line: bytes) -> str | None:
    try:
        profile = json.loads(line)["profile_id"]
        profile.encode()  # half a surrogate pair names nobody
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return str(profile)
