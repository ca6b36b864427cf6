"""`coppice audit` on a real ledger: sound is sound, and one event's fate is found among many."""

import json
from pathlib import Path

import pytest

from pipeline.ledger.receipt import digest
from tests.ledger.cluster import Cluster


def test_a_sound_ledger_is_said_to_be_sound(cluster: Cluster, tmp_path: Path) -> None:
    cluster.raw(30)
    for first in (0, 10, 20):
        cluster.judge(range(first, first + 10))
    cluster.deliver(range(10))
    cluster.commit("events.raw", "sanitize")
    cluster.commit("events.clean.us", "deliver-us")
    found = cluster.json("audit", "verify")
    assert (found["sound"], found["faults"]) == (True, 0)
    clean, raw = found["chains"]
    assert (raw["topic"], raw["first_offset"], raw["next_offset"]) == (cluster.topic("events.raw"), 0, 30)
    assert raw["events"] == {"clean/us/US/adult": 10, "dropped/no_consent/US/child": 10, "rejected/not_json": 10}
    assert clean["events"] == {"delivered": 10}
    assert raw["digest"] == cluster.heads[cluster.topic("events.raw"), 0].digest
    shown = cluster.run("audit", "verify")
    assert shown.stdout.endswith("sound\n")
    noted = tmp_path / "noted.json"
    noted.write_text(json.dumps(found), encoding="utf-8")
    cluster.judge(range(30, 40))
    cluster.run("audit", "verify", "--noted", noted)
    found["chains"][0]["digest"] = digest(b"another")
    noted.write_text(json.dumps(found), encoding="utf-8")
    assert "noted: " in cluster.run("audit", "verify", "--noted", noted, status=1).stderr


def test_a_receipt_that_is_missing_and_one_that_was_never_written_are_named(cluster: Cluster) -> None:
    cluster.raw(40)
    for first in (0, 10, 20):
        cluster.judge(range(first, first + 10), receipts=lambda first: first != 10)
    cluster.commit("events.raw", "sanitize", 35)
    found = cluster.json("audit", "verify", status=1)
    assert [(fault["kind"], fault["offset"]) for fault in found["shown"]] == [("hole", 10), ("behind", 30)]
    assert "no receipt is about the offsets from here on" in cluster.run("audit", "verify", status=1).stderr
    cluster.put("ledger", [b"{}"], partition=0)
    assert "unreadable" in {fault["kind"] for fault in cluster.json("audit", "verify", status=1)["shown"]}


def test_a_chain_that_lost_its_head_may_be_allowed_to_begin_anew(cluster: Cluster) -> None:
    cluster.raw(20)
    cluster.judge(range(10))
    cluster.heads.clear()
    cluster.judge(range(10, 20))
    found = cluster.json("audit", "verify", status=1)
    assert [fault["kind"] for fault in found["shown"]] == ["restarted"]
    assert cluster.json("audit", "verify", "--allow-restarts")["sound"]


def test_one_event_has_every_decision_about_it_shown(cluster: Cluster) -> None:
    cluster.raw(30)
    cluster.judge(range(10))
    head = cluster.heads[cluster.topic("events.raw"), 0]
    cluster.judge(range(10, 20))
    cluster.heads[cluster.topic("events.raw"), 0] = head  # a crash: the range comes again, cut another way
    cluster.judge(range(10, 30))
    cluster.judge([11, 14], replay="night")
    twice = cluster.json("audit", "show", 0, 13)
    assert [row["decisions"] for row in twice] == [["dropped/no_consent/US/child"]] * 2
    assert [row["again"] for row in twice] == [False, True]
    assert {row["decisions"][0] for row in cluster.json("audit", "show", 0, 12)} == {"clean/us/US/adult"}
    replayed = cluster.json("audit", "show", 0, 14)
    assert [row["again"] for row in replayed] == [False, True, "replay night"]
    text = cluster.run("audit", "show", 0, 14).stdout
    assert text.count("rejected/not_json") == 3
    assert "(replay night)" in text
    assert (
        "no receipt is about events.raw, partition 0, offset 99" in cluster.run("audit", "show", 0, 99, status=1).stderr
    )
    cluster.run("audit", "show", 1, 5, status=1)
    cluster.run("audit", "show", 0, 5, "--topic", "events.clean.us", status=1)


def test_a_receipt_is_found_among_many(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ledger.reading.NEAR", 8)
    for first in range(0, 400, 4):
        for partition in (0, 1):  # in whichever partitions of the ledger they come to lie
            cluster.judge(
                range(first, first + 4), partition=partition, clean=lambda _: False, rejections=lambda _: False
            )
    for offset in (0, 3, 4, 199, 200, 397, 399):
        for partition in (0, 1):
            (row,) = cluster.json("audit", "show", partition, offset)
            assert len(row["decisions"]) == 1
    cluster.run("audit", "show", 0, 400, status=1)
