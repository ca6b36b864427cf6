"""An erasure from the request to Mixpanel's success, with everything that the service can do in between."""

import asyncio
from typing import Literal

import pytest

from pipeline.core.grants import grant_name
from pipeline.policy.vocabulary import Region, Space
from pipeline.rights.requests import Kind
from pipeline.rights.results import MAX_IDS, Done, Failed, Note, Submitted, TaskStatus
from pipeline.sandbox.mixpanel_faults import named_fault
from pipeline.stream.topics import CONSENT, IDENTITIES
from tests.rights.desk import DAY, DEADLINE_S, Desk, key_ring


async def erase(desk: Desk, profile: str) -> str:
    """Erase somebody; return the request's id once it is answered."""
    request = desk.file(Kind.ERASE, profile)
    async with desk.agent():
        await desk.until_state(request, "done")
    return request


async def test_an_erasure_stops_forgets_and_deletes_in_that_order(desk: Desk) -> None:
    profile = desk.person()
    request = await erase(desk, profile)
    assert desk.states(request) == ["accepted", "stopped", "submitted", "completed", "done"]
    ids = desk.ids(request)[Region.US]
    assert set(desk.us.privacy.deleted_ids()) == ids
    assert await desk.suppressed() == ids
    for topic in (IDENTITIES, CONSENT):
        assert await desk.records(topic) == [(profile.encode(), None)]
    assert desk.india.privacy.calls == []
    assert desk.caught_up


async def test_every_id_of_every_key_version_epoch_and_space_is_deleted(desk: Desk) -> None:
    now = desk.clock()
    desk.keys = key_ring(now - 70 * DAY, now - 20 * DAY)
    profile = desk.person(since_days=100)
    (grant,) = desk.identities[profile].grants
    name = grant_name(grant.consent_id, grant.granted_at)
    await erase(desk, profile)
    deleted = desk.us.privacy.deleted_ids()
    for days in range(100):
        for space in Space:
            for rotation in set(desk.policy.rotation_ms.values()):
                when = now - days * DAY
                assert desk.keys.pseudonym(Region.US, space, profile, name, when, rotation) in deleted


async def test_somebody_who_moved_is_deleted_in_both_regions(desk: Desk) -> None:
    request = await erase(desk, desk.person(Region.US, Region.IN))
    ids = desk.ids(request)
    assert set(desk.us.privacy.deleted_ids()) == ids[Region.US]
    assert set(desk.india.privacy.deleted_ids()) == ids[Region.IN]
    assert not ids[Region.US] & ids[Region.IN]


async def test_more_ids_than_a_call_takes_are_split(desk: Desk) -> None:
    request = await erase(desk, desk.person(since_days=900, grants=80))
    ids = desk.ids(request)[Region.US]
    assert len(ids) > 2 * MAX_IDS
    calls = desk.us.privacy.submitted()
    assert all(len(call.ids) <= MAX_IDS for call in calls)
    assert sum(len(call.ids) for call in calls) == len(ids)
    assert set(desk.us.privacy.deleted_ids()) == ids


async def test_several_people_go_into_one_call(desk: Desk) -> None:
    requests = [desk.file(Kind.ERASE, desk.person()) for _ in range(3)]
    desk.us.fail_privacy("rate_limited", times=None)
    async with desk.agent():
        for request in requests:
            await desk.until_state(request, "stopped")
        everybody = {each for request in requests for each in desk.ids(request)[Region.US]}
        await desk.until(lambda: everybody in [set(call.ids) for call in desk.us.privacy.calls], "one call for all")
        desk.us.clear_faults()
        for request in requests:
            await desk.until_state(request, "done")
    (call,) = desk.us.privacy.submitted()
    assert set(call.ids) == {each for request in requests for each in desk.ids(request)[Region.US]}
    tracking = {
        result.tracking_id for request in requests for result in desk.results(request) if isinstance(result, Submitted)
    }
    assert len(tracking) == 1


async def test_a_call_is_what_mixpanel_documents(desk: Desk) -> None:
    await erase(desk, desk.person())
    made, *polls = desk.us.privacy.calls
    assert (made.method, made.document["compliance_type"]) == ("POST", "CCPA")
    assert set(made.document) == {"distinct_ids", "compliance_type"}
    assert [poll.method for poll in polls] == ["GET"] * 4  # pending, staging, started, success
    assert {poll.tracking_id for poll in polls} == set(desk.us.privacy.tasks)
    assert {call.token for call in desk.us.privacy.calls} == {desk.us.project.token}
    assert {call.bearer for call in desk.us.privacy.calls} == {desk.us.project.privacy_token}


@pytest.mark.parametrize("shape", ["tracking_id", "task_id"])
async def test_both_published_forms_of_the_answer_are_read(
    desk: Desk, shape: Literal["tracking_id", "task_id"]
) -> None:
    desk.us.privacy.options.named_by = shape
    await erase(desk, desk.person())
    assert len(desk.us.privacy.submitted()) == 1


async def test_somebody_nobody_knows_is_forgotten_without_a_call(desk: Desk) -> None:
    request = await erase(desk, "nobody")
    assert desk.states(request) == ["accepted", "stopped", "done"]
    done = desk.results(request)[-1]
    assert isinstance(done, Done)
    assert done.note is Note.NOTHING_HELD
    assert desk.us.privacy.calls == []
    assert await desk.records(CONSENT) == [(b"nobody", None)]


async def test_whatever_goes_wrong_on_the_way_it_is_tried_until_it_succeeds(desk: Desk) -> None:
    for fault in ("rate_limited", "internal_error", "bad_gateway", "html_ok", "close", "reset", "unavailable"):
        desk.us.fail_privacy(fault, times=2)
    request = await erase(desk, desk.person())
    assert set(desk.us.privacy.deleted_ids()) == desk.ids(request)[Region.US]
    assert len(desk.us.privacy.submitted()) == 1


async def test_a_task_that_was_made_without_an_answer_may_be_made_again(desk: Desk) -> None:
    desk.us.fail_privacy("stored_but_500")
    request = await erase(desk, desk.person())
    assert len(desk.us.privacy.tasks) == 2
    assert desk.states(request).count("submitted") == 1


async def test_trouble_while_asking_makes_no_second_task(desk: Desk) -> None:
    desk.us.privacy.options.polls_a_stage = 5
    request = desk.file(Kind.ERASE, desk.person())
    async with desk.agent():
        await desk.until_state(request, "submitted")
        for fault in ("rate_limited", "internal_error", "html_ok", "close"):
            desk.us.fail_privacy(fault, times=2)
        await desk.until_state(request, "done")
    assert len(desk.us.privacy.submitted()) == 1


async def test_a_project_at_its_limit_is_waited_for_as_long_as_it_asks(desk: Desk) -> None:
    desk.us.fail_privacy("rate_limited", times=1, retry_after="3600")
    first = desk.file(Kind.ERASE, desk.person())
    other = desk.file(Kind.ERASE, desk.person(Region.IN))
    async with desk.agent():
        await desk.until_state(first, "stopped")
        await desk.until_state(other, "done")
        await desk.until(lambda: len(desk.us.privacy.calls) == 1)
        later = desk.file(Kind.ERASE, desk.person(Region.IN))
        await desk.until_state(later, "done")
        assert len(desk.us.privacy.calls) == 1
        desk.clock.ahead += 3_600_000
        await desk.until_state(first, "done")


async def test_what_is_on_the_wire_may_arrive_before_it_is_deleted(desk: Desk) -> None:
    desk.rights = desk.rights | {"settle_s": 60}
    request = desk.file(Kind.ERASE, desk.person())
    async with desk.agent():
        await desk.until_state(request, "stopped")
        export = desk.file(Kind.EXPORT, desk.person())
        await desk.until_state(export, "done")
        assert "submitted" not in desk.states(request)
        desk.clock.ahead += 60_000
        await desk.until_state(request, "done")


async def test_a_task_that_comes_to_nothing_is_submitted_again(desk: Desk) -> None:
    nothing = ["FAILURE", "REVOKED", "NOT_FOUND", "UNKNOWN"]
    desk.us.privacy.next_status("STARTED", *nothing)
    request = await erase(desk, desk.person())
    assert desk.states(request) == [
        "accepted",
        "stopped",
        *["submitted", "failed"] * 4,
        "submitted",
        "completed",
        "done",
    ]
    failed = [result for result in desk.results(request) if isinstance(result, Failed)]
    assert [result.status for result in failed] == [TaskStatus(status) for status in nothing]
    assert len({call.ids for call in desk.us.privacy.submitted()}) == 1
    assert desk.metric("privacy_requests_total", kind="erase", state="failed") == 4


async def test_an_expired_token_is_alarmed_and_a_new_file_goes_on(desk: Desk) -> None:
    desk.us.privacy.options.bearers = {"renewed"}
    desk.rights = desk.rights | {"retry_base_s": 3600, "retry_cap_s": 3600}
    request = desk.file(Kind.ERASE, desk.person())

    def halted() -> bool:
        agent.publish()
        return desk.metric("rights_halted", region="us", why="unauthorized") == 1

    async with desk.agent() as agent:
        await desk.until(halted)
        assert await desk.suppressed()  # what coppice does itself does not wait for Mixpanel
        desk.token_file.write_text("renewed\n", encoding="utf-8")
        await desk.until_state(request, "done")
        assert not halted()


@pytest.mark.parametrize(("status", "why"), [("forbidden", "forbidden"), (None, "no_token")])
async def test_what_needs_somebody_is_alarmed(desk: Desk, status: str | None, why: str) -> None:
    if status is None:
        desk.token_file.unlink()
    else:
        desk.us.fail_privacy(status, times=None)
    request = desk.file(Kind.ERASE, desk.person())

    def halted() -> bool:
        agent.publish()
        return desk.metric("rights_halted", region="us", why=why) == 1

    async with desk.agent() as agent:
        await desk.until(halted)
        desk.us.clear_faults()
        desk.token_file.write_text(desk.us.project.privacy_token, encoding="utf-8")
        await desk.until_state(request, "done")
        assert not halted()
    assert (status is None) == all(call.status == 201 or call.method == "GET" for call in desk.us.privacy.calls)


async def test_a_batch_that_mixpanel_does_not_take_holds_up_nobody_else(desk: Desk) -> None:
    small, large = desk.person(since_days=1), desk.person(since_days=300, grants=3)
    desk.us.privacy.options.max_ids = 60
    requests = [desk.file(Kind.ERASE, small), desk.file(Kind.ERASE, large)]

    def refused() -> bool:
        agent.publish()
        return desk.metric("rights_halted", region="us", why="refused") == 1

    async with desk.agent() as agent:
        await desk.until_state(requests[0], "done")
        await desk.until(refused)
        desk.us.privacy.options.max_ids = MAX_IDS
        await desk.until_state(requests[1], "done")
        assert not refused()


async def test_ids_of_a_region_without_a_project_here_are_alarmed_and_kept(desk: Desk) -> None:
    desk.regions = frozenset({Region.US})
    request = desk.file(Kind.ERASE, desk.person(Region.US, Region.IN))

    def lacking() -> bool:
        agent.publish()
        return desk.metric("rights_halted", region="in", why="not_configured") == 1

    async with desk.agent() as agent:
        await desk.until_state(request, "completed")
        await desk.until(lacking)
        assert "done" not in desk.states(request)
    desk.regions = frozenset(Region)
    async with desk.agent() as agent:
        await desk.until_state(request, "done")
        assert not lacking()


async def test_delays_and_silence_are_no_answer(desk: Desk) -> None:
    desk.rights = desk.rights | {"request_timeout_s": 0.5}  # a busy machine answers within that, sooner or later
    desk.us.fail_privacy(named_fault("slow", delay_s=2.0), times=1)
    desk.us.privacy.options.polls_a_stage = 1
    request = await erase(desk, desk.person())
    assert desk.states(request).count("submitted") == 1


async def test_an_orderly_end_puts_the_task_on_record_that_mixpanel_has_just_made(desk: Desk) -> None:
    """Otherwise the next worker would make it a second time."""
    slow = named_fault("slow", delay_s=1.5)
    desk.us.privacy.script.add(slow)
    async with desk.agent() as agent:
        request = desk.file(Kind.ERASE, desk.person())
        await desk.until(lambda: not desk.us.privacy.script._queue, "the call is under way")
        assert desk.us.privacy.calls == []
        await asyncio.wait_for(agent.finish(), DEADLINE_S)
        assert len(desk.us.privacy.submitted()) == 1
    await desk.until_state(request, "submitted")
    async with desk.agent():
        assert (await desk.until_state(request, "done")).count("submitted") == 1
    assert len(desk.us.privacy.submitted()) == 1
