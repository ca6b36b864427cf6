"""Whether what is sent arrives where it should: asked before anything leaves, and again after a refusal (T37)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixpanel import ServiceAccountCredentials

from pipeline.deliver.backoff import Backoff
from pipeline.deliver.client import ImportClient
from pipeline.deliver.raw_export import NoSight, NotSeen, RawExport, Seen, Sight, SightRefused, read_export
from pipeline.deliver.reasons import HaltWhy
from pipeline.deliver.residency import CANARY_EVENT, Plan, Residency, Verdict, canary_of, elsewhere
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metrics import Metrics
from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.sandbox.mixpanel_answers import Answer, json_answer
from pipeline.sandbox.mixpanel_faults import Fault
from pipeline.sandbox.mixpanel_rules import check_event


@dataclass
class Asking:
    """A residency check of a stand-in, and the account it signs with."""

    residency: Residency
    account: ServiceAccount
    project: MixpanelProject


@pytest.fixture
def asking(project: Callable[[MixpanelStandIn], MixpanelProject]) -> Callable[..., Any]:
    """Return an async context manager: `async with asking(standin, canary=True) as asked`."""

    @asynccontextmanager
    async def run(
        standin: MixpanelStandIn,
        *,
        canary: bool = False,
        wait_s: float = 90.0,
        recheck_s: float = 3600.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        **changes: Any,
    ) -> AsyncIterator[Asking]:
        standin.export.options.a_second = standin.export.options.an_hour = 10_000
        target = replace(project(standin), export_host=standin.url, **changes)
        account = ServiceAccount(target, Metrics({}), look_s=0.02)
        client = ImportClient(target, Metrics({}), connections=1, timeout_s=5.0, account=account)
        residency = Residency(
            target,
            client,
            RawExport(target, account, timeout_s=5.0),
            account,
            Plan(canary=canary, wait_s=wait_s),
            lambda: Backoff(0.005, 0.02, 0.0),
            recheck_s=recheck_s,
            now=now,
        )
        client.open()
        try:
            yield Asking(residency, account, target)
        finally:
            await client.close()

    return run


@asynccontextmanager
async def in_background(*work: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended


# The question


async def test_a_question_stores_nothing_and_asks_for_account_and_token(us: Any, asking: Any) -> None:
    async with asking(us) as asked:
        assert await asked.residency.ask() is Verdict.PASSED
    assert [request.query for request in us.requests] == [
        {"strict": "1", "project_id": us.project.project_id},
        {"strict": "1"},
    ]
    assert us.stored_count == us.silently_dropped == 0


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        (["whole_400", "whole_400"], Verdict.PASSED),
        (["unauthorized"], Verdict.UNAUTHORIZED),
        (["forbidden"], Verdict.FORBIDDEN),
        ([Fault(), "unauthorized"], Verdict.TOKEN_REFUSED),
        ([Fault(), "forbidden"], Verdict.TOKEN_REFUSED),
        *[
            ([fault], Verdict.UNANSWERED)
            for fault in (
                "rate_limited", "internal_error", "bad_gateway", "unavailable", "html_ok", "close", "reset",
                "too_large", "too_large_html", "short_count", "stored_but_500",
                Fault(json_answer(200, {"error": "over the limit", "status": 0})), Fault(Answer(302, "")),
            )
        ],
        ([Fault(), "unavailable"], Verdict.UNANSWERED),
        ([Fault(json_answer(200, {"code": 200, "num_records_imported": 1, "status": "OK"}))], Verdict.NOT_JUDGED),
    ],
)  # fmt: skip
async def test_every_form_of_answer_has_its_verdict(us: Any, asking: Any, faults: Any, verdict: Verdict) -> None:
    for fault in faults:
        us.fail(fault)
    async with asking(us) as asked:
        assert await asked.residency.ask() is verdict
        assert asked.residency.answers is (verdict is not Verdict.UNANSWERED)


@pytest.mark.parametrize("key", ["insert_id", "$insert_id", None])
async def test_both_spellings_of_a_failed_record_are_an_answer(us: Any, asking: Any, key: Any) -> None:
    us.options.insert_id_key = key
    async with asking(us) as asked:
        assert await asked.residency.ask() is Verdict.PASSED


async def test_where_nobody_listens_there_is_no_verdict(us: Any, asking: Any) -> None:
    async with asking(us) as asked:
        us.stop()
        assert await asked.residency.ask() is Verdict.UNANSWERED


async def test_t37_a_wrong_pair_is_refused(us: Any, india: Any, asking: Any) -> None:
    """T37: wrong token, wrong region, wrong account; with each of them an import could be confirmed and be nowhere."""
    account = us.project.service_account_user
    wrong = [
        ({"credentials": ServiceAccountCredentials(account, "x", us.project.project_id)}, Verdict.UNAUTHORIZED),
        ({"project_id": india.project.project_id}, Verdict.UNAUTHORIZED),
        ({"host": india.url}, Verdict.UNAUTHORIZED),
        ({"token": india.project.token}, Verdict.TOKEN_REFUSED),
    ]
    for changes, verdict in wrong:
        async with asking(us, **changes) as asked:
            assert await asked.residency.ask() is verdict
    assert us.stored_count == india.stored_count == 0


async def test_a_stand_in_that_only_counts_still_refuses_the_question(us: Any, asking: Any) -> None:
    us.count_only = True
    async with asking(us) as asked:
        assert await asked.residency.ask() is Verdict.PASSED
    assert us.stored_count == 0


# The gate


async def test_nothing_leaves_before_the_first_answer(
    us: Any, running: Any, asking: Any, event: Any, chunk: Any
) -> None:
    us.fail("unavailable", 3)
    async with running(us) as rig, asking(us) as asked:
        rig.delivery.gate.shut()
        done = rig.delivery.offer(chunk([event(number) for number in range(5)]))
        await rig.until(rig.delivery._batches.empty)
        assert us.requests == []
        assert not asked.residency.checked
        async with in_background(asked.residency.keep(rig.delivery.gate)):
            await rig.settled(done)
        assert asked.residency.checked
        assert [request.status for request in us.requests] == [503, 503, 503, 400, 400, 200]
        assert rig.delivery.halted is None


async def test_a_new_secret_ends_a_halt_and_every_event_arrives_once(
    us: Any, running: Any, asking: Any, event: Any, chunk: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(us.project.secret)
    async with asking(us, secret_file=secret) as asked:
        asked.residency.answers = True
        async with running(us, max_events=2, concurrency=3, options={"account": asked.account}) as rig:
            gate = rig.delivery.gate
            async with in_background(asked.account.watch(), asked.residency.keep(gate)):
                await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(6)])))
                us.change_secret("rotated")
                done = [rig.delivery.offer(chunk([event(number)], first=number)) for number in range(6, 30)]
                await rig.until(lambda: gate.halted is HaltWhy.UNAUTHORIZED)
                assert rig.metric("delivery_halted", region="us", why="unauthorized") == 1
                secret.write_text("still wrong")
                await rig.until(lambda: asked.account.version == 1 and asked.residency._asked == 1)
                assert gate.halted is HaltWhy.UNAUTHORIZED
                assert len(us.events()) == 6
                assert not any(future.done() for future in done)
                secret.write_text("rotated\n")
                await rig.settled(*done)
                assert rig.metric("delivery_halted", region="us", why="unauthorized") == 0
    assert sorted(each["properties"]["$insert_id"] for each in us.events()) == sorted(f"id-{n}" for n in range(30))
    assert us.duplicates == 0
    assert rig.rejected == rig.failures == []


async def test_a_changed_secret_is_used_by_the_next_request(
    us: Any, running: Any, asking: Any, event: Any, chunk: Any, tmp_path: Path
) -> None:
    """Mixpanel accepts both while a secret is rotated: the region never halts."""
    secret = tmp_path / "secret"
    secret.write_text(us.project.secret)
    async with asking(us, secret_file=secret) as asked, running(us, options={"account": asked.account}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(1)])))
        us.change_secret("rotated")
        secret.write_text("rotated")
        await asked.account.look()
        await rig.settled(rig.delivery.offer(chunk([event(2)])))
    assert [request.status for request in us.requests] == [200, 200]


async def test_a_refusal_that_ends_at_mixpanel_ends_the_halt_too(
    us: Any, running: Any, asking: Any, event: Any, chunk: Any
) -> None:
    """403: the account gets its role back. Nothing has changed here, so it is asked after once in a while."""
    us.fail("forbidden", 3)
    async with (
        running(us) as rig,
        asking(us, recheck_s=0.02) as asked,
        in_background(asked.residency.keep(rig.delivery.gate)),
    ):
        done = rig.delivery.offer(chunk([event(1)]))
        await rig.until(lambda: rig.metric("delivery_halted", region="us", why="forbidden") == 1)
        await rig.settled(done)
    assert [request.status for request in us.requests] == [403, 403, 403, 400, 400, 200]


# The canary


async def test_t37_confirmed_and_nowhere_halts_the_region_and_loses_nothing(
    us: Any, running: Any, asking: Any, event: Any, chunk: Any
) -> None:
    """T37: the project is of another residency. Every import is judged and confirmed, and kept nowhere."""
    us.fail("lost", None)
    async with running(us) as rig, asking(us, canary=True, wait_s=0.5, recheck_s=0.05) as asked:
        rig.delivery.gate.shut()
        async with in_background(asked.residency.keep(rig.delivery.gate)):
            done = rig.delivery.offer(chunk([event(number) for number in range(5)]))
            await rig.until(lambda: rig.delivery.halted is HaltWhy.RESIDENCY)
            assert rig.metric("delivery_halted", region="us", why="residency") == 1
            assert not done.done()
            assert {request.events for request in us.requests} == {1}  # questions and canaries, no event
            us.clear_faults()  # somebody puts the right project in place
            await rig.settled(done)
            assert rig.metric("delivery_halted", region="us", why="residency") == 0
    assert [each["event"] for each in us.events()] == [CANARY_EVENT] + ["level_completed"] * 5


async def test_a_canary_that_is_shown_late_is_waited_for(us: Any, asking: Any) -> None:
    async with asking(us, canary=True) as asked:
        us.export.options.visible_s = 3_600
        us.export.script.add(Fault(Answer(500, "")), 2)
        us.export.script.add(Fault(json_answer(429, {"error": "too many"})))
        proving = asyncio.ensure_future(asked.residency.prove())
        async with asyncio.timeout(60):
            while len(us.export.queries) <= 4:  # noqa: ASYNC110  # they change in the stand-in's thread
                await asyncio.sleep(0.005)
        us.export.options.visible_s = 0
        assert await proving is Verdict.PASSED
        assert asked.residency._arrived
    assert len(us.export.queries) > 5
    (stored,) = us.events()
    assert set(stored["properties"]) == {"token", "distinct_id", "time", "$insert_id", "ip", "coppice_version"}
    assert stored["properties"]["distinct_id"] == ""
    assert us.geo_violations == []


async def test_a_canary_of_another_region_s_host_is_not_passed(us: Any, asking: Any) -> None:
    us.export.options.endpoint = "api-in.mixpanel.com"
    async with asking(us, canary=True) as asked:
        assert await asked.residency.prove() is Verdict.CANARY_ELSEWHERE


async def test_an_account_that_may_not_export_cannot_prove_it(us: Any, asking: Any) -> None:
    us.export.script.add(Fault(json_answer(403, {"error": "no"})))
    async with asking(us, canary=True) as asked:
        assert await asked.residency.prove() is Verdict.EXPORT_REFUSED
        assert not asked.residency.checked


async def test_a_canary_that_is_not_taken(us: Any, asking: Any) -> None:
    us.refuse(lambda item: item["event"] == CANARY_EVENT)
    async with asking(us, canary=True) as asked:
        assert await asked.residency.prove() is Verdict.CANARY_REFUSED
    us.fail("unavailable")
    async with asking(us, canary=True) as asked:
        assert await asked.residency.prove() is Verdict.UNANSWERED


async def test_canaries_of_one_day_are_one_event(us: Any, asking: Any) -> None:
    today = datetime.now(UTC)
    for now in (today, today, today - timedelta(days=1)):
        async with asking(us, canary=True, wait_s=0.01, now=lambda now=now: now) as asked:
            await asked.residency.prove()
    assert len(us.events()) == 2


@given(st.integers(0, 7000 * 86_400), st.integers(-12 * 60, 14 * 60))
def test_a_canary_s_days_hold_in_every_time_zone(at_s: int, offset_min: int) -> None:
    """Projects count days in UTC or, the older ones, in a time zone of their own; the export knows no later day."""
    zone = timezone(timedelta(minutes=offset_min))
    now = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)
    project = MixpanelProject("us", "https://x", "1", "t", ServiceAccountCredentials("u", "s", "1"))
    canary = canary_of(project, now.date())
    properties = msgspec.json.decode(canary.value)["properties"]
    sent_on = datetime.fromtimestamp(properties["time"] / 1000, zone).date()
    assert canary.first <= sent_on <= canary.last <= now.astimezone(zone).date()
    fault = check_event(
        msgspec.json.decode(canary.value),
        0,
        size=len(canary.value),
        now_ms=int(now.timestamp() * 1000),
        token="t",
    )
    assert fault is None


def test_what_a_canary_s_id_depends_on() -> None:
    credentials = ServiceAccountCredentials("u", "s", "1")
    project, today = MixpanelProject("us", "https://x", "1", "t", credentials), date(2026, 11, 26)
    others = [
        replace(project, region="in"),
        replace(project, host="y"),
        replace(project, project_id="2"),
        replace(project, token="u"),
    ]
    ids = {canary_of(each, today).insert_id for each in (project, *others)}
    ids.add(canary_of(project, date(2026, 11, 27)).insert_id)
    assert len(ids) == 6
    assert canary_of(project, today) == canary_of(project, today)


@pytest.mark.parametrize(
    ("endpoint", "region", "other"),
    [
        ("api.mixpanel.com", "us", None),
        ("api-js.mixpanel.com", "us", None),
        ("API.mixpanel.com/import", "us", None),
        ("https://api-in.mixpanel.com/import", "in", None),
        ("", "us", None),
        ("something.internal", "in", None),
        ("api-in.mixpanel.com", "us", "api-in.mixpanel.com"),
        ("https://api-eu.mixpanel.com", "us", "api-eu.mixpanel.com"),
        ("api-js.mixpanel.com", "in", "api-js.mixpanel.com"),
        ("api.mixpanel.com", "in", "api.mixpanel.com"),
    ],
)
def test_which_endpoint_is_another_region_s(endpoint: str, region: str, other: str | None) -> None:
    assert elsewhere(endpoint, region) == other


MINE = b'{"event":"c","properties":{"$insert_id":"a","$mp_api_endpoint":"api.mixpanel.com"}}\n'
OTHER = b'{"event":"c","properties":{"$insert_id":"b","time":1}}\n'


@pytest.mark.parametrize(
    ("status", "body", "complete", "sight"),
    [
        (200, OTHER + MINE, True, Seen("api.mixpanel.com")),
        (200, MINE, False, Seen("api.mixpanel.com")),
        (200, b'{"event":"c","properties":{"$insert_id":"a"}}', True, Seen("")),
        (200, OTHER, True, NotSeen()),
        (200, b"", True, NotSeen()),
        (200, b"\n", True, NotSeen()),
        (200, OTHER, False, NoSight()),
        (200, OTHER + b"terminated early\n", True, NoSight()),
        (200, b"<html></html>", True, NoSight()),
        (200, b"[" * 100_000, True, NoSight()),
        (200, b'{"event":"c","properties":{"$insert_id":7}}', True, NoSight()),
        (302, MINE, True, NoSight()),
        (429, b"", True, NoSight(2.0)),
        (503, b"", True, NoSight(2.0)),
        (401, MINE, True, SightRefused(401)),
        (402, b"", True, SightRefused(402)),
        (403, b"", True, SightRefused(403)),
        (400, b"", True, SightRefused(400)),
    ],
)
def test_what_an_export_says(status: int, body: bytes, complete: bool, sight: Sight) -> None:
    assert read_export(status, body, "a", 2.0, complete=complete) == sight
