"""The JSON Schema that consent services use and the reader's own types accept the same records."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.schemas import load_schema

SAMPLES = Path(__file__).parents[2] / "pipeline" / "sandbox" / "samples" / "consent.ndjson"
RECORDS: list[dict[str, Any]] = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
FULL: dict[str, Any] = RECORDS[0] | {
    "withdrawn_at": None,
    "expires_at": 1893456000000,
    "notice_hash": "3f5a",
    "source": "consent-service",
    "relation": "mother",
    "birth_month": "2015-04",
    "purposes": RECORDS[0]["purposes"] | {"ai_training": False},
}
SCHEMA = load_schema("consent")
VALID = jsonschema_rs.validator_for(SCHEMA)
ORACLE = jsonschema.Draft202012Validator(SCHEMA)

ODD: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    1791280000,
    999999999999,
    1000000000000,
    1791280000000,
    253402300799999,
    253402300800000,
    2**53,
    2**63,
    2**64,
    10**30,
    "",
    " ",
    "x",
    "A",
    "é",
    "आरव",
    "\u0000",
    "a\n",
    "\na",
    "a\nb",
    "a b",
    "a" * 64,
    "a" * 65,
    "a" * 256,
    "a" * 257,
    "\U0001f600" * 256,
    "\U0001f600" * 257,
    "true",
    "1791280000000",
    "US",
    "us",
    "IN",
    "IN\n",
    "child",
    "Child",
    "teen",
    "adult",
    "unknown",
    "self",
    "parent",
    "guardian",
    "email_plus",
    "2026-04",
    "2015-04",
    "2015-04\n",
    "2015-13",
    "2015-00",
    "1899-01",
    "2100-01",
    "\uff12\uff10\uff11\uff15-04",
    "15-04",
    [],
    ["a"],
    {},
    {"band": "adult"},
    {"band": "adult", "source": "id_document"},
    {"role": "self", "adult_verified": True},
    {"analytics": True, "third_party_disclosure": True, "marketing": True},
]
FIELDS = [(name,) for name in FULL] + [
    (outer, inner) for outer in ("age", "grantor", "purposes") for inner in FULL[outer]
]


def changed(path: tuple[str, ...], change: Callable[[dict[str, Any], str], object]) -> dict[str, Any]:
    record = copy.deepcopy(FULL)
    parent = record
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    return record


def set_to(value: Any) -> Callable[[dict[str, Any], str], object]:
    return lambda parent, name: parent.__setitem__(name, copy.deepcopy(value))


def misspelt(parent: dict[str, Any], name: str) -> None:
    parent[f"{name}_"] = parent.pop(name)


def accepted(record: Any) -> bool:
    """Whether the reader takes the record, read under the key that it names itself."""
    name = record.get("profile_id") if isinstance(record, dict) else None
    key = name.encode() if isinstance(name, str) else b"profile-1-001"
    return isinstance(parse_consent(key, json.dumps(record, ensure_ascii=False).encode()), ConsentRecord)


def mutations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FIELDS:
        where = ".".join(path)
        yield f"without {where}", changed(path, lambda parent, name: parent.pop(name))
        yield f"misspelt {where}", changed(path, misspelt)
        yield (
            f"doubled {where}",
            changed(path, lambda parent, name: parent.__setitem__(f"{name}_", parent[name])),
        )
        for odd in ODD:
            yield f"{where} = {odd!r:.30}", changed(path, set_to(odd))
    for name in ("withdrawn", "withdrawnAt", "Withdrawn_at", "$schema", ""):
        yield f"added {name!r}", changed((name,), set_to(1795596400000))


def test_full_record_is_accepted_by_both() -> None:
    assert VALID.is_valid(FULL)
    assert accepted(FULL)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record["profile_id"]))
def test_sample_record_is_accepted_by_both(record: dict[str, Any]) -> None:
    assert VALID.is_valid(record)
    assert accepted(record)


def test_mutated_records_are_judged_alike() -> None:
    verdicts = [(what, VALID.is_valid(record), accepted(record)) for what, record in mutations()]
    assert [verdict for verdict in verdicts if verdict[1] != verdict[2]] == []
    assert {valid for _, valid, _ in verdicts} == {True, False}


def test_two_validators_judge_mutated_records_alike() -> None:
    # Python's `$` also matches before a final line feed, the standard's does not: those values are left out.
    plain = [(what, record) for what, record in mutations() if "\\n" not in what]
    assert [what for what, record in plain if VALID.is_valid(record) != ORACLE.is_valid(record)] == []


@pytest.mark.parametrize("value", [None, True, 1, "x", [], [FULL], {}], ids=repr)
def test_other_json_is_refused_by_both(value: Any) -> None:
    assert not VALID.is_valid(value)
    assert not accepted(value)


@pytest.mark.parametrize("number", ["1791280000000.0", "1.79128e12"])
def test_reader_is_stricter_about_how_a_time_is_written(number: str) -> None:
    # JSON Schema cannot tell 1.0 from 1; the description asks for whole numbers and the publisher sends them.
    text = json.dumps(FULL).replace(str(FULL["granted_at"]), number)
    assert not isinstance(parse_consent(FULL["profile_id"].encode(), text.encode()), ConsentRecord)
