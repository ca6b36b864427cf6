"""Events of one region never reach the other's host: both sockets are watched."""

from typing import Any

from pipeline.sandbox.mixpanel_answers import HTML_TYPE, Answer
from pipeline.sandbox.mixpanel_faults import Fault


async def test_each_region_reaches_its_own_socket_only(
    us: Any, india: Any, running: Any, event: Any, chunk: Any
) -> None:
    for standin in (us, india):
        standin.fail("rate_limited", 2)
        standin.fail("close")
        standin.fail("html_ok")
    async with running(us, max_events=7) as american, running(india, max_events=7) as indian:
        american_chunk = chunk([event(number) for number in range(40)])
        indian_chunk = chunk([event(number, region="in") for number in range(100, 130)], topic="events.clean.in")
        await american.settled(american.delivery.offer(american_chunk), indian.delivery.offer(indian_chunk))
        assert american.failures == indian.failures == []
    assert {item["properties"]["token"] for item in us.events()} == {us.project.token}
    assert {item["properties"]["token"] for item in india.events()} == {india.project.token}
    assert len(us.events()) == 40
    assert len(india.events()) == 30
    assert {request.query["project_id"] for request in us.requests} == {us.project.project_id}
    assert {request.query["project_id"] for request in india.requests} == {india.project.project_id}


async def test_a_region_that_is_away_is_not_replaced_by_the_other(
    us: Any, india: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail("close", None)
    async with running(us) as american, running(india) as indian:
        done = american.delivery.offer(chunk([event(number) for number in range(5)]))
        await american.until(lambda: american.metric("retries_total", region="us", why="unavailable") > 5)
        assert not done.done()
        await indian.settled(indian.delivery.offer(chunk([event(9, region="in")], topic="events.clean.in")))
    assert len(india.requests) == 1


async def test_a_chunk_of_the_other_region_reaches_no_socket(
    us: Any, india: Any, running: Any, event: Any, chunk: Any
) -> None:
    async with running(us) as american, running(india) as indian:
        american.delivery.offer(chunk([event(0, region="in")], topic="events.clean.in"))
        indian.delivery.offer(chunk([event(0)], topic="events.clean.us"))
        assert len(american.failures) == len(indian.failures) == 1
        await american.delivery.close()
        await indian.delivery.close()
    assert us.requests == india.requests == []


async def test_a_redirect_to_the_other_region_is_not_followed(
    us: Any, india: Any, running: Any, event: Any, chunk: Any
) -> None:
    for status in (301, 302, 303, 307, 308):
        location = {"Location": f"{india.url}/import?strict=1&project_id={india.project.project_id}"}
        us.fail(Fault(Answer(status, "<html></html>", HTML_TYPE, location)))
    async with running(us) as american:
        await american.settled(american.delivery.offer(chunk([event(0)])))
    assert [request.status for request in us.requests] == [301, 302, 303, 307, 308, 200]
    assert india.requests == []
