"""Transport and agent loop on a real Kafka, with real processes: nothing is lost, whatever happens."""

from pathlib import Path

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.stream.copying import Copying, wait_until


def test_a_drained_topic_is_committed_to_its_end_and_arrives_exactly_once(copying: Copying) -> None:
    copying.produce(20_000)
    worker = copying.start()
    copying.wait_drained()
    assert copying.assert_nothing_lost() == 0
    assert worker.terminate() == 0
    assert copying.drained()


def test_one_event_on_an_idle_topic_is_handled_without_waiting_for_more(copying: Copying) -> None:
    copying.produce(1)
    copying.start()
    copying.wait_drained()
    copying.produce(1)
    copying.wait_drained()
    assert copying.assert_nothing_lost() == 0


def test_topics_that_are_not_chunked_arrive_record_by_record(copying: Copying) -> None:
    copying.produce(300)
    worker = copying.start(chunked=False)
    copying.wait_drained()
    assert copying.assert_nothing_lost() == 0
    assert worker.terminate() == 0


def test_kill_in_mid_chunk_repeats_only_what_was_not_acknowledged(copying: Copying, tmp_path: Path) -> None:
    copying.produce(5_000)
    first = copying.start(instance_id="one")  # a static member: its successor need not wait for the session
    copying.wait_drained()
    first.kill()
    before = copying.committed()
    marker = tmp_path / "marker"
    copying.produce(5_000)
    second = copying.start(instance_id="one", hang_at=7_500, marker=str(marker))
    wait_until(marker.exists, "the worker is in the middle of a chunk")
    second.kill()
    stuck = copying.committed()
    half_done = copying.arrived()
    assert half_done[7_500] == 1  # part of the chunk had left
    assert not copying.drained()  # and was not committed
    copying.start(instance_id="one")
    copying.wait_drained()
    repeated = copying.assert_nothing_lost()
    uncommitted = sum(copying.ends(copying.source).values()) - sum(stuck.values())
    assert 0 < repeated <= uncommitted
    assert all(stuck[number] >= before[number] for number in before)
    arrived = copying.arrived()
    assert all(arrived[value] == 1 for value in range(5_000))


def test_a_failure_in_the_role_stops_the_process_and_commits_nothing_of_the_chunk(copying: Copying) -> None:
    copying.produce(2_000)
    worker = copying.start(instance_id="one", fail_at=1_000)
    assert worker.process.wait(150) == 1
    assert "ValueError" in worker.text()
    assert "secret" not in worker.text()
    assert not copying.drained()
    committed = sum(copying.committed().values())
    copying.start(instance_id="one")
    copying.wait_drained()
    assert copying.assert_nothing_lost() <= 2_000 - committed


def test_rebalances_while_nothing_is_committed_yet_and_production_goes_on(copying: Copying) -> None:
    with copying.load(per_second=4_000):
        first = copying.start(delay_s=0.05)
        wait_until(first.is_ready, "the first worker has partitions")
        second, third = copying.start(delay_s=0.05), copying.start(delay_s=0.05)
        wait_until(second.is_ready, "the second has joined")
        wait_until(third.is_ready, "the third has joined")
        assert first.terminate() == 0
        wait_until(copying.committed, "the others go on")
        second.kill()
        fourth = copying.start(delay_s=0.05)
        wait_until(fourth.is_ready, "the fourth has joined")
    copying.wait_drained()
    copying.assert_nothing_lost()
    assert third.terminate() == 0


@pytest.mark.parametrize(("seek", "lost"), [("ours", []), ("stock", list(range(10)))])
def test_a_fetch_dropped_by_a_flow_stop_comes_again(
    kafka: EmbeddedKafka, tmp_path: Path, seek: str, lost: list[int]
) -> None:
    """Stock Faust seeks past a partition that has no commit; the test shows the loss there and none here."""
    copying = Copying(kafka.bootstrap, tmp_path, partitions=1)
    try:
        copying.produce(10)
        marker = tmp_path / "dropped"
        copying.start(seek=seek, drop_first_fetch=True, marker=str(marker))
        wait_until(marker.exists, "the first fetch is dropped")
        copying.produce(10)
        wait_until(lambda: copying.ends(copying.destination) and 19 in copying.arrived(), "the last arrives")
        arrived = copying.arrived()
    finally:
        copying.close()
    assert [value for value in range(20) if value not in arrived] == lost
