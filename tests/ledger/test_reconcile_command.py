"""`coppice reconcile`: nothing unaccounted, or the exact offsets."""

from typing import Any

from tests.ledger.cluster import Cluster


def missing(found: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    return [(each["why"], each["first_offset"], each["last_offset"], each["events"]) for each in found["missing"]]


def test_everything_has_a_fate(cluster: Cluster) -> None:
    cluster.raw(35)
    cluster.judge(range(15))
    head = cluster.heads[cluster.topic("events.raw"), 0]
    cluster.judge(range(15, 24))
    cluster.heads[cluster.topic("events.raw"), 0] = head  # a crash: done again
    cluster.judge(range(15, 30))
    cluster.commit("events.raw", "sanitize")
    cluster.deliver(range(8))
    cluster.commit("events.clean.us", "deliver-us")
    found = cluster.json("reconcile")
    assert (found["unaccounted"], found["missing"]) == (0, [])
    assert found["records"] == 35
    assert found["decided"] == {"clean/us/US/adult": 10, "dropped/no_consent/US/child": 10, "rejected/not_json": 10}
    assert found["sent"] == {"delivered": 8}
    assert found["waiting"] == {"events.clean.in": 0, "events.clean.us": 5, "events.raw": 5}
    assert cluster.run("reconcile").stdout.endswith("0 unaccounted\n")


def test_an_empty_deployment_has_nothing_to_account_for(cluster: Cluster) -> None:
    assert cluster.json("reconcile")["unaccounted"] == 0


def test_raw_records_without_a_receipt_are_named(cluster: Cluster) -> None:
    cluster.raw(40)
    cluster.judge(range(10))
    cluster.judge(range(10, 20), receipts=lambda _: False)
    cluster.judge(range(20, 30))
    cluster.commit("events.raw", "sanitize", 33)
    found = cluster.json("reconcile", status=1)
    assert missing(found) == [("no receipt", 10, 19, 10), ("no receipt", 30, 32, 3)]
    shown = cluster.run("reconcile", status=1)
    assert "events.raw/0, offsets 10 to 19: no receipt (10)" in shown.stderr
    assert shown.stdout.endswith("13 unaccounted\n")


def test_a_record_that_was_passed_over_is_named(cluster: Cluster) -> None:
    cluster.raw(20)
    cluster.judge(range(8))
    cluster.judge(range(10, 20))  # 8 and 9 are said not to be there
    cluster.commit("events.raw", "sanitize")
    found = cluster.json("reconcile", status=1)
    assert missing(found) == [("never decided about", 8, 8, 1), ("never decided about", 9, 9, 1)]


def test_results_that_are_not_where_they_should_be_are_named(cluster: Cluster) -> None:
    cluster.raw(12)
    cluster.judge(range(12), clean=lambda offset: offset != 3, rejections=lambda offset: offset != 8)
    cluster.commit("events.raw", "sanitize")
    found = cluster.json("reconcile", status=1)
    assert {each["why"]: each["events"] for each in found["missing"]} == {
        "fewer clean events than decided": 1,
        "rejected, and not on record as such": 1,
    }
    assert ("rejected, and not on record as such", 8, 8, 1) in missing(found)


def test_clean_events_acknowledged_without_a_receipt_are_named(cluster: Cluster) -> None:
    cluster.raw(30)
    cluster.judge(range(30))
    cluster.commit("events.raw", "sanitize")
    cluster.deliver(range(4))
    cluster.deliver(range(4, 7), receipts=lambda _: False)
    cluster.deliver(range(7, 9))
    cluster.commit("events.clean.us", "deliver-us")
    found = cluster.json("reconcile", status=1)
    assert missing(found) == [("no receipt", 4, 6, 3)]
    assert found["missing"][0]["topic"] == cluster.topic("events.clean.us")
