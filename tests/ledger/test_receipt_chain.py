"""Whatever crashes and repeats, the receipts tile the partition; whatever is changed or taken out, it shows (R31)."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.ledger.outcomes import CODES
from pipeline.ledger.receipt import NOTHING, PolicyRef, Receipt, digest, encode, parse_receipt
from pipeline.ledger.verify import FaultKind, Verifier, verify
from pipeline.ledger.writing import LONGEST, START, Decided, Head, head_at, write
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import load_schema
from tests.ledger.chains import CLEAN, DROPPED, KEYS, NOW, POLICY, REJECTED, TOPIC, Worker, decided, receipt

STEPS = st.lists(st.one_of(st.integers(1, 7), st.sampled_from(["commit", "commit", "crash"])), min_size=6, max_size=40)
GAPS = st.lists(st.integers(1, 3), min_size=60, max_size=60)


def run(steps: list[Any], gaps: list[int]) -> Worker:
    worker = Worker([sum(gaps[: index + 1]) for index in range(len(gaps))])
    for step in steps:
        if step == "commit":
            worker.commit()
        elif step == "crash":
            worker.crash()
        else:
            worker.chunk(step)
    return worker


def main_line(worker: Worker) -> list[int]:
    """Return the places in the log of the receipts that the committed head rests on, oldest first."""
    places = {digest(value): place for place, value in enumerate(worker.log)}
    found = []
    name = worker.committed.digest
    while name != NOTHING:
        found.append(places[name])
        name = receipt(worker.log[places[name]]).previous
    return found[::-1]


def kinds(log: list[bytes], worker: Worker) -> set[FaultKind]:
    return {fault.kind for fault in verify(log, {worker.chain: worker.committed}).faults}


@given(STEPS, GAPS)
def test_crashes_and_repeats_leave_no_hole(steps: list[Any], gaps: list[int]) -> None:
    worker = run(steps, gaps)
    verdict = verify(worker.log, {worker.chain: worker.committed})
    assert verdict.sound
    if not worker.log:
        return
    account = verdict.accounts[worker.chain]
    covered = [offset for offset in worker.offsets if account.begins <= offset < account.next_offset]
    assert covered == worker.offsets[: len(covered)]
    assert account.events.total() >= len(covered)
    assert account.repeated == sum(
        receipt(value).source.last_offset - receipt(value).source.first_offset + 1 for value in worker.log
    ) - (account.next_offset - account.begins)
    for value in worker.log:
        one = receipt(value)
        for offset in range(one.source.first_offset, one.source.last_offset + 1):
            expected = (CODES[KEYS[offset % 3]],) if offset in worker.offsets else None
            assert one.at(offset) == expected


@given(STEPS, GAPS, st.data())
def test_a_receipt_that_is_taken_out_is_missed(steps: list[Any], gaps: list[int], data: st.DataObject) -> None:
    worker = run(steps, gaps)
    line = main_line(worker)
    assume(line)
    place = data.draw(st.sampled_from(line))
    assert kinds(worker.log[:place] + worker.log[place + 1 :], worker)


@given(STEPS, GAPS, st.data())
def test_a_receipt_that_is_changed_is_noticed(steps: list[Any], gaps: list[int], data: st.DataObject) -> None:
    worker = run(steps, gaps)
    line = main_line(worker)
    assume(line)
    place = data.draw(st.sampled_from(line))
    before = receipt(worker.log[place])
    change: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"issued_at": before.issued_at + 1},
                {"policy": PolicyRef("2", "b" * 64)},
                {"codes": [code.replace("no_consent", "kill_switch") for code in before.codes][::-1]},
                {"previous": "f" * 64},
                {"lost": {"contact": 1}},
            ]
        )
    )
    after = encode(msgspec.structs.replace(before, **change))
    assume(after != worker.log[place])
    assert kinds([*worker.log[:place], after, *worker.log[place + 1 :]], worker)


@given(STEPS, GAPS, st.data())
def test_receipts_that_change_places_are_noticed(steps: list[Any], gaps: list[int], data: st.DataObject) -> None:
    worker = run(steps, gaps)
    line = main_line(worker)
    assume(len(line) > 1)
    index = data.draw(st.integers(0, len(line) - 2))
    log = list(worker.log)
    log[line[index]], log[line[index + 1]] = log[line[index + 1]], log[line[index]]
    assert kinds(log, worker)


def test_whoever_rewrites_everything_is_found_out_by_a_note_kept_elsewhere() -> None:
    honest, forged = Worker(list(range(30))), Worker(list(range(1, 31)))
    for worker in (honest, forged):
        for _ in range(3):
            worker.chunk(10)
        worker.commit()
    assert verify(forged.log, {forged.chain: forged.committed}).sound
    noted = {digest(honest.log[1]): (honest.chain, 20)}
    verifier = Verifier(noted=noted)
    for value in forged.log:
        verifier.take(value, "ledger", 0, 0)
    (fault,) = verifier.end({}).faults
    assert (fault.kind, fault.offset) == (FaultKind.NOTED, 20)
    verifier = Verifier(noted=noted)
    for value in honest.log:
        verifier.take(value, "ledger", 0, 0)
    assert verifier.end({}).sound


def test_what_was_acknowledged_without_a_receipt_is_named() -> None:
    worker = Worker(list(range(30)))
    worker.chunk(10)
    faults = verify(worker.log, {worker.chain: Head(25, NOTHING)}).faults
    assert [(fault.kind, fault.offset) for fault in faults] == [(FaultKind.BEHIND, 10)]
    faults = verify([], {worker.chain: Head(25, NOTHING)}).faults
    assert [(fault.kind, fault.offset) for fault in faults] == [(FaultKind.BEHIND, 0)]
    assert verify([], {worker.chain: Head(None, NOTHING)}).sound


def test_a_hole_and_a_new_beginning_are_told_apart() -> None:
    worker = Worker(list(range(40)))
    worker.chunk(10)
    worker.head = Head(10, NOTHING)  # the operator has set the offset, and the head went with the old commit
    worker.chunk(10)
    assert [fault.kind for fault in verify(worker.log).faults] == [FaultKind.RESTARTED]
    worker.head, worker.at = Head(25, NOTHING), 25
    worker.chunk(10)
    faults = verify(worker.log).faults
    assert [(fault.kind, fault.offset) for fault in faults] == [(FaultKind.RESTARTED, 10), (FaultKind.HOLE, 20)]


def test_retention_may_take_the_beginning_and_nothing_else() -> None:
    worker = Worker(list(range(60)))
    for _ in range(3):
        worker.chunk(10)
    worker.commit()
    worker.chunk(10)
    worker.crash()  # from here on two branches rest on a receipt that is about to be deleted
    worker.chunk(15)
    worker.chunk(10)
    worker.commit()
    heads = {worker.chain: worker.committed}
    for taken in range(1, 5):
        assert verify(worker.log[taken:], heads, cut=True).sound, taken
        assert not verify(worker.log[taken:], heads).sound
    assert not verify([*worker.log[1:4], *worker.log[5:]], heads, cut=True).sound


def test_replays_have_chains_of_their_own_with_gaps() -> None:
    worker = Worker(list(range(20)))
    worker.chunk(20)
    worker.commit()
    head = START
    for offsets in ([3], [9, 11], [17]):
        written = write(
            Head(None, head.digest), TOPIC, 0, decided(offsets), POLICY, names=CODES, issued_at=NOW, replay="r-1"
        )
        worker.log += written.values
        head = written.head
    verdict = verify(worker.log, {worker.chain: worker.committed})
    assert verdict.sound
    assert verdict.accounts[TOPIC, 0, "r-1"].absent_count == 0
    assert verdict.accounts[TOPIC, 0, None].receipts == 1
    del worker.log[2]
    assert kinds(worker.log, worker) == {FaultKind.BROKEN}


def test_a_chunk_too_large_for_one_receipt_has_several() -> None:
    decisions: list[Any] = [[CLEAN, DROPPED, REJECTED] * 300 for _ in range(700)]
    offsets = range(100, 800)
    chunk = Decided(offsets, decisions, {"level": 2}, {"contact": 1})
    written = write(Head(90, "c" * 64), TOPIC, 1, chunk, POLICY, names=CODES, issued_at=NOW)
    receipts = [receipt(value) for value in written.values]
    assert len(receipts) > 1
    assert all(len(each.decisions) <= LONGEST for each in receipts)
    assert receipts[0].source.first_offset == 90
    assert receipts[-1].source.last_offset + 1 == written.head.next_offset == 800
    assert sum(sum(each.counts) for each in receipts) == 700 * 900
    assert [each.stripped for each in receipts if each.stripped] == [{"level": 2}]
    assert verify(written.values, cut=True).sound


def test_what_is_written_keeps_the_schema_and_says_nothing_else() -> None:
    chunk = replace(decided([7, 9], [CLEAN, [DROPPED, REJECTED]]), stripped={"query": 1}, lost={"contact": 2})
    (value,) = write(
        Head(5, NOTHING), TOPIC, 3, chunk, POLICY, names=CODES, issued_at=NOW, redelivered=True, replay="r-1"
    ).values
    schema = load_schema("receipt")
    jsonschema_rs.validator_for(schema).validate(json.loads(value))
    assert set(json.loads(value)) == set(schema["properties"])
    (value,) = write(START, TOPIC, 3, decided([7]), POLICY, names=CODES, issued_at=NOW).values
    jsonschema_rs.validator_for(schema).validate(json.loads(value))
    assert set(json.loads(value)) == set(schema["required"])


def test_every_decision_that_the_core_can_make_has_a_code_of_its_own() -> None:
    assert len(set(CODES.values())) == len(CODES)
    for reason in DropReason:
        assert CODES[reason, Cohort.US_CHILD] == f"dropped/{reason}/US/child"
    for why in RejectReason:
        assert CODES[why,] == f"rejected/{why}"


@pytest.mark.parametrize(
    ("offset", "note", "head"),
    [
        (None, "", START),
        (0, "ab" * 32, Head(0, "ab" * 32)),
        (5, "", Head(5, NOTHING)),
        (5, "AB" * 32, Head(5, NOTHING)),
        (5, "ab" * 31, Head(5, NOTHING)),
    ],
)
def test_the_head_is_what_was_committed(offset: int | None, note: str, head: Head) -> None:
    assert head_at(offset, note) == head


@pytest.mark.parametrize(
    "change",
    [
        {"counts": [2]},
        {"decisions": "B"},
        {"decisions": "A2"},
        {"previous": "x" * 64},
        {"previous": "a"},
        {"codes": []},
    ],
)
def test_a_receipt_that_contradicts_itself_is_none(change: dict[str, Any]) -> None:
    (value,) = write(START, TOPIC, 0, decided([0], [CLEAN]), POLICY, names=CODES, issued_at=NOW).values
    assert isinstance(parse_receipt(value), Receipt)
    assert parse_receipt(encode(msgspec.structs.replace(receipt(value), **change))) is None
    assert parse_receipt(json.dumps({**json.loads(value), "more": 1}).encode()) is None
    assert parse_receipt(b"\xff") is None
    assert parse_receipt(None) is None
