"""The agent may be killed at any moment, and shares the work with others: what is on the topics is all it knows."""

import asyncio
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pipeline.ops.errors import ConfigError
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region
from pipeline.rights.reach import reach
from pipeline.rights.requests import Kind
from pipeline.rights.results import Held, Result, Stopped, Submitted, encode_result, plan
from pipeline.rights.shared_wait import SharedWait
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.topics import CONSENT, PRIVACY_RESULTS
from tests.rights.desk import DAY, PARTITIONS, Desk

YEAR = 365 * DAY


def write(desk: Desk, *results: Result) -> None:
    """Put results on record, as an agent does that is killed right after."""
    for result in results:
        desk.produce(PRIVACY_RESULTS, *encode_result(result))


def ids_of(desk: Desk, profile: str) -> dict[Region, set[str]]:
    rotations = set(desk.policy.rotation_ms.values())
    return reach(desk.keys, desk.policy, rotations, profile, desk.identities[profile], desk.clock())


class TestKilled:
    async def test_in_mid_poll_it_goes_on_with_the_same_task(self, desk: Desk) -> None:
        desk.us.privacy.options.polls_a_stage = 10**6
        request = desk.file(Kind.ERASE, desk.person())
        async with desk.agent():
            await desk.until_state(request, "submitted")
            await desk.until(lambda: len(desk.us.privacy.calls) > 3)
        (task,) = desk.us.privacy.tasks
        desk.us.privacy.options.polls_a_stage = 1
        async with desk.agent():
            await desk.until_state(request, "done")
        assert list(desk.us.privacy.tasks) == [task]

    async def test_when_the_ids_are_on_record_and_consent_is_gone_they_are_taken_from_the_record(
        self, desk: Desk
    ) -> None:
        profile = desk.person()
        request = desk.file(Kind.ERASE, profile)
        ids = ids_of(desk, profile)
        write(desk, *plan(request, Kind.ERASE, desk.clock(), ids, desk.clock()))
        del desk.identities[profile]
        async with desk.agent():
            await desk.until_state(request, "done")
        assert set(desk.us.privacy.deleted_ids()) == ids[Region.US] == await desk.suppressed()
        assert desk.states(request).count("accepted") == 1

    async def test_when_half_of_the_ids_are_on_record_it_begins_anew(self, desk: Desk) -> None:
        profile = desk.person(since_days=900, grants=40)
        request = desk.file(Kind.ERASE, profile)
        short = {Region.US: set(sorted(ids_of(desk, profile)[Region.US])[1:])}
        write(desk, plan(request, Kind.ERASE, desk.clock(), short, desk.clock())[0])
        async with desk.agent():
            await desk.until_state(request, "done")
        assert set(desk.us.privacy.deleted_ids()) >= ids_of(desk, profile)[Region.US]

    async def test_when_everything_is_done_but_for_saying_so_it_says_so(self, desk: Desk) -> None:
        profile = desk.person()
        request = desk.file(Kind.ERASE, profile)
        async with desk.agent():
            await desk.until_state(request, "completed")
        async with desk.agent():
            await desk.until_state(request, "done")
        assert desk.states(request).count("submitted") == 1

    async def test_after_the_end_an_old_log_begins_nothing(self, desk: Desk) -> None:
        requests = [desk.file(kind, desk.person()) for kind in Kind]
        async with desk.agent():
            for request in requests:
                await desk.until_state(request, "done")
        before = (len(desk.us.privacy.calls), len(await desk.records(PRIVACY_RESULTS)))
        async with desk.agent():
            later = desk.file(Kind.WITHDRAW, desk.person())
            await desk.until_state(later, "done")
        assert (len(desk.us.privacy.calls), len(await desk.records(PRIVACY_RESULTS))) == (before[0], before[1] + 2)

    async def test_every_step_can_be_the_last_before_a_kill(self, desk: Desk) -> None:
        """Stop the agent after each result that it writes, until there is nothing left to write."""
        requests = [desk.file(Kind.ERASE, desk.person()) for _ in range(2)]
        while not all("done" in desk.states(request) for request in requests):
            seen = len(await desk.records(PRIVACY_RESULTS))
            async with desk.agent():
                await desk.until(partial(_more_than, desk, seen))
            await desk.records(PRIVACY_RESULTS)
        deleted = set(desk.us.privacy.deleted_ids())
        for request in requests:
            assert desk.ids(request)[Region.US] <= deleted
            assert desk.states(request)[-1] == "done"
            assert desk.states(request).count("done") == 1


def _more_than(desk: Desk, seen: int) -> bool:
    return sum(len(state.records) for state in desk.topics[PRIVACY_RESULTS].states()) > seen


class TestShared:
    async def test_a_request_is_carried_out_where_its_consent_is(self, desk: Desk) -> None:
        profiles = {murmur2_partition(name.encode(), PARTITIONS): name for name in map(str, range(20))}
        requests = {home: desk.file(Kind.ERASE, desk.person(profile=name)) for home, name in profiles.items()}
        async with desk.agent({0}) as agent:
            await desk.until_state(requests[0], "done")
            assert desk.states(requests[1]) == []
            assert set(desk.caught_up) == {0}
            agent.assigned(frozenset({1}))
            await desk.until_state(requests[1], "done")

    async def test_two_workers_that_both_have_it_for_a_moment_do_no_harm(self, desk: Desk) -> None:
        requests = [desk.file(kind, desk.person()) for kind in (Kind.ERASE, Kind.EXPORT, Kind.ERASE)]
        async with desk.agent(), desk.agent():
            for request in requests:
                await desk.until_state(request, "done")
        for request in (requests[0], requests[2]):
            assert desk.ids(request)[Region.US] <= set(desk.us.privacy.deleted_ids())

    async def test_what_is_given_away_in_the_middle_is_let_go(self, desk: Desk) -> None:
        waiting = asyncio.Event()

        async def never(_partition: int) -> None:
            waiting.set()
            await asyncio.Event().wait()

        request = desk.file(Kind.ERASE, desk.person())
        desk.wait_for = never
        async with desk.agent() as agent:
            await asyncio.wait_for(waiting.wait(), 60)
            agent.assigned(frozenset())
            desk.wait_for = None
            async with desk.agent():
                await desk.until_state(request, "done")

    async def test_waits_for_the_same_partition_are_shared_but_never_with_an_earlier_one(self) -> None:
        begun: list[asyncio.Future[None]] = []

        async def wait(_partition: int) -> None:
            begun.append(asyncio.get_running_loop().create_future())
            await begun[-1]

        async def turns() -> None:
            for _ in range(10):
                await asyncio.sleep(0)

        shared = SharedWait(wait)
        first = asyncio.ensure_future(shared(0))
        await turns()
        later = [asyncio.ensure_future(shared(0)) for _ in range(3)]
        await turns()
        assert len(begun) == 1
        begun[0].set_result(None)
        await turns()
        assert first.done()
        assert len(begun) == 2
        assert not any(task.done() for task in later)
        begun[1].set_result(None)
        await turns()
        assert all(task.done() for task in later)
        failing = asyncio.ensure_future(shared(1))
        await turns()
        begun[2].set_exception(ValueError("gone"))
        with pytest.raises(ValueError, match="gone"):
            await failing


class TestHold:
    """DPDP Rules r.8(3): from its commencement, and only where the operator holds Mixpanel's copy for it."""

    def test_the_duty_begins_at_midnight_in_india(self, tmp_path: Path) -> None:
        hold = load_policy().hold
        assert hold is not None
        assert hold.from_ms == datetime(2027, 5, 12, 18, 30, tzinfo=UTC).timestamp() * 1000
        assert not hold.mixpanel_copy
        own = tmp_path / "settings.yaml"
        own.write_text("version: own\nindia: {hold: {from: '2027-01-01', mixpanel_copy: hold_365}}\n", encoding="utf-8")
        hold = load_policy(own).hold
        assert hold is not None
        assert hold.mixpanel_copy

    async def test_before_the_duty_begins_nothing_is_held(self, desk: Desk) -> None:
        desk.hold(from_ms=desk.clock() + DAY)
        request = desk.file(Kind.ERASE, desk.person(Region.IN))
        async with desk.agent():
            await desk.until_state(request, "done")
        assert "held" not in desk.states(request)

    async def test_in_force_india_s_copy_stays_a_year_and_everything_else_goes_at_once(self, desk: Desk) -> None:
        desk.hold(from_ms=desk.clock() - DAY)
        profile = desk.person(Region.IN, Region.US)
        request = desk.file(Kind.ERASE, profile)
        async with desk.agent() as agent:
            await desk.until_state(request, "completed")
            await desk.until_state(request, "held")
            assert await desk.records(CONSENT) == [(profile.encode(), None)]
            ids = desk.ids(request)
            assert await desk.suppressed() == ids[Region.US] | ids[Region.IN]
            assert desk.india.privacy.calls == []
            (stopped,) = (each for each in desk.results(request) if isinstance(each, Stopped))
            (held,) = (each for each in desk.results(request) if isinstance(each, Held))
            assert (held.region, held.held_until) == (Region.IN, stopped.at + YEAR)
            agent.publish()
            assert desk.metric("privacy_open_requests", kind="erase") == 1
            assert desk.metric("privacy_oldest_open_request_age_seconds") == 0  # only the law keeps us
        desk.clock.ahead += YEAR - DAY
        async with desk.agent() as agent:
            other = desk.file(Kind.EXPORT, desk.person(Region.IN))
            await desk.until_state(other, "done")
            assert desk.india.privacy.submitted() == []
            desk.india.fail_privacy("unavailable", times=None)
            desk.clock.ahead += 2 * DAY

            def age_days() -> int:
                agent.publish()
                return round(desk.metric("privacy_oldest_open_request_age_seconds") * 1000 / DAY)

            await desk.until(lambda: age_days() == 1)  # since the law let go
            desk.india.clear_faults()
            await desk.until_state(request, "done")
        assert set(desk.india.privacy.deleted_ids()) == ids[Region.IN]
        assert desk.states(request).count("held") == 1

    async def test_an_operator_who_stops_holding_lets_go_at_once(self, desk: Desk) -> None:
        erase_now = desk.policy
        desk.hold(from_ms=desk.clock() - DAY)
        request = desk.file(Kind.ERASE, desk.person(Region.IN))
        async with desk.agent():
            await desk.until_state(request, "held")
            desk.policy = erase_now
            await desk.until_state(request, "done")


class TestFigures:
    async def test_open_requests_and_the_age_of_the_oldest(self, desk: Desk) -> None:
        desk.us.fail_privacy("unavailable", times=None)
        now = desk.clock()
        old = desk.file(Kind.ERASE, desk.person(), received_at=now - 26 * DAY)
        young = desk.file(Kind.EXPORT, desk.person())
        async with desk.agent() as agent:
            await desk.until_state(old, "stopped")
            await desk.until_state(young, "accepted")
            agent.publish()
            assert desk.metric("privacy_open_requests", kind="erase") == 1
            assert desk.metric("privacy_open_requests", kind="export") == 1
            assert desk.metric("privacy_oldest_open_request_age_seconds") >= 26 * DAY / 1000
            desk.us.clear_faults()
            await desk.until_state(old, "done")
            await desk.until_state(young, "done")

            def open_requests() -> float:
                agent.publish()
                return sum(desk.metric("privacy_open_requests", kind=kind) for kind in ("erase", "export"))

            await desk.until(lambda: open_requests() == 0)  # what is on the topic is known here a moment later
            assert desk.metric("privacy_requests_total", kind="export", state="done") == 1
            assert desk.metric("privacy_oldest_open_request_age_seconds") == 0

    async def test_ready_when_the_topics_are_read(self, desk: Desk) -> None:
        async with desk.agent() as agent:
            await desk.until(lambda: all(agent.checks().values()))
            assert set(agent.checks()) == {"privacy_requests_loaded", "privacy_requests_fresh"}

    async def test_another_region_s_host_is_refused_before_anything_runs(self, desk: Desk) -> None:
        desk.app_host = "https://mixpanel.example"
        with pytest.raises(ConfigError, match=r"COPPICE_MIXPANEL__US__APP_HOST .*valid: https://mixpanel\.com"):
            async with desk.agent():
                raise AssertionError

    async def test_no_log_line_names_anybody(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        desk.us.privacy.next_status("FAILURE")
        desk.us.fail_privacy("forbidden")
        profile = desk.person(profile=f"canary-{uuid.uuid4().hex}")
        request = desk.file(Kind.ERASE, profile)
        async with desk.agent():
            await desk.until_state(request, "done")
        text = caplog.text
        assert "submitted again" in text
        (ids,) = desk.ids(request).values()
        tracking = {each.tracking_id for each in desk.results(request) if isinstance(each, Submitted)}
        for secret in ("canary", desk.us.project.token, desk.us.project.privacy_token, request, *tracking, *ids):
            assert secret not in text
