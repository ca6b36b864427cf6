"""Somebody asks to be forgotten: nothing leaves any more, and what Mixpanel has is deleted there."""

import base64
import json
import secrets
import signal
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from pipeline.policy.vocabulary import Region
from pipeline.rights.desk import Desk, Standing, file_request, new_request
from pipeline.rights.requests import Kind
from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.sandbox.mixpanel_privacy import Task
from tests.scenarios.story import Person, Story, now_ms

DAY = 86_400_000


@pytest.fixture(autouse=True)
def mixpanel(story: Story) -> Iterator[MixpanelStandIn]:
    """The US project, which answers as often as it is asked."""
    standin = story.deployment.standins[Region.US]
    standin.privacy.options.gap_s = 0.0
    yield standin
    standin.privacy.options.polls_a_stage = 1


def erase(story: Story, person: Person) -> str:
    """File an erasure; return the request's id."""
    request = new_request(str(uuid.uuid4()), person.profile_id, Kind.ERASE, "privacy_desk", now_ms())
    file_request(story.deployment.settings, request)
    return request.request_id


def until(story: Story, request_id: str, state: str) -> Standing:
    """Wait until a request stands at a state, or is answered."""

    def found() -> Standing | None:
        desk.refresh()
        standing = desk.find(request_id)
        return standing if standing is not None and (standing.state == state or standing.answered) else None

    with closing(Desk(story.deployment.settings)) as desk:
        story.until(found, f"{state} of the request")
        standing = found()
        assert standing is not None
        return standing


def ids_at_mixpanel(mixpanel: MixpanelStandIn) -> set[str]:
    return {event["properties"]["distinct_id"] for event in mixpanel.events()}


def levels(mixpanel: MixpanelStandIn) -> set[int]:
    """Return what the profiles at Mixpanel say of `levels_completed`."""
    return {each["levels_completed"] for each in mixpanel.profiles.people().values() if "levels_completed" in each}


def test_three_versions_of_the_keys_are_all_erased(story: Story, mixpanel: MixpanelStandIn) -> None:
    begin_versions(story, days_ago=(70, 20))
    anna, ben = story.person(), story.person()
    for each in (anna, ben):
        each.grant(granted_at=now_ms() - 100 * DAY)
    hers = [anna.event(time=now_ms() - days * DAY) for days in (80, 40, 1)]
    his = ben.event()
    anna.update(set={"levels_completed": 401})
    ben.update(set={"levels_completed": 402})
    story.until_received(*hers, his)
    story.until(lambda: {401, 402} <= levels(mixpanel), "both profiles at Mixpanel")
    assert len({story.pseudonym(each) for each in hers}) == 3
    assert until(story, erase(story, anna), "done").note == ""
    assert not story.received(*hers)
    assert story.received(his)
    assert {401, 402} & levels(mixpanel) == {402}


def test_a_late_event_of_somebody_erased_is_dropped_also_after_a_restart(
    story: Story, mixpanel: MixpanelStandIn
) -> None:
    anna, ben = story.person(), story.person()
    for each in (anna, ben):
        each.grant()
    early = anna.event()
    story.until_received(early)
    with story.outage():
        queued, seen = anna.event(), ben.event()
        story.until_in_back_off()
        request = erase(story, anna)
        until(story, request, "stopped")
        late = anna.event()
    until(story, request, "done")
    story.until_received(seen)
    story.settle()
    assert not story.received(early, queued, late)
    calls = len(mixpanel.privacy.submitted())
    for role in ("sanitize", "rights"):
        (worker,) = story.workers(role)
        restarts = worker.restarts
        worker.send(signal.SIGKILL)
        story.until(lambda: worker.restarts > restarts, f"{role} restarted")  # noqa: B023
    story.deployment.wait_ready()
    later, seen = anna.event(), ben.event()
    story.until_received(seen)
    story.settle()
    assert not story.received(early, queued, late, later)
    assert len(mixpanel.privacy.submitted()) == calls


def test_a_worker_that_is_killed_while_mixpanel_is_at_it_goes_on_asking(
    story: Story, mixpanel: MixpanelStandIn
) -> None:
    (rights,) = story.workers("rights")
    mixpanel.privacy.options.polls_a_stage = 10**6
    anna = story.person()
    anna.grant()
    hers = anna.event()
    story.until_received(hers)
    before = set(mixpanel.privacy.tasks)
    request = erase(story, anna)
    until(story, request, "submitted")
    restarts = rights.restarts
    rights.send(signal.SIGKILL)
    story.until(lambda: rights.restarts > restarts, "the rights worker restarted")
    asked = len(mixpanel.privacy.calls)
    story.until(lambda: len(mixpanel.privacy.calls) > asked, "asked again")
    mixpanel.privacy.options.polls_a_stage = 1
    until(story, request, "done")
    assert len(set(mixpanel.privacy.tasks) - before) == 1
    assert not story.received(hers)


def test_what_the_consent_service_erases_by_itself_is_deleted_at_mixpanel_as_well(
    story: Story, mixpanel: MixpanelStandIn
) -> None:
    anna = story.person()
    anna.grant()
    hers = anna.event()
    story.until_received(hers)
    name = story.pseudonym(hers)
    stored = anna.tombstone()
    until(story, f"tombstone-{stored.partition}-{stored.offset}", "done")
    assert name not in ids_at_mixpanel(mixpanel)
    assert name in {each for call in mixpanel.privacy.submitted(Task.DELETION) for each in call.ids}


def begin_versions(story: Story, days_ago: tuple[int, ...]) -> None:
    """Write a key ring as if versions had been added so many days ago, and wait until the workers have it."""
    path = story.deployment.keys_file
    content = json.loads(path.read_text(encoding="utf-8"))
    for keys in content.values():
        for series in keys.values():
            for number, days in enumerate(days_ago, 2):
                start = datetime.fromtimestamp(now_ms() / 1000 - days * DAY / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                secret = base64.b64encode(secrets.token_bytes(32)).decode()
                series.append({"version": str(number), "secret": secret, "from": start, "made": start})
    before = {role: reloads(story, role) for role in ("sanitize", "rights")}
    path.write_text(json.dumps(content), encoding="utf-8")
    for role, count in before.items():
        story.until(lambda: reloads(story, role) > count, f"{role} has the new keys")  # noqa: B023


def reloads(story: Story, role: str) -> float:
    return sum(each.total("coppice_policy_reloads_total") for each in story.scrapes(role))
