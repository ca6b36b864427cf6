"""Consent that takes effect in mid-stream: who grants, withdraws, moves or grows up, and what Mixpanel gets of it."""

from datetime import UTC, datetime, timedelta

from pipeline.policy.vocabulary import Region
from tests.scenarios.story import Story, now_ms


def test_a_late_grant_does_not_reach_back(story: Story) -> None:
    anna = story.person()
    before = anna.event()
    anna.grant()
    after = anna.event()
    backdated = anna.event(time=before.time_ms + 1)
    story.until_received(after)
    story.settle()
    assert not story.received(before, backdated)


def test_a_withdrawal_reaches_the_batch_that_waits(story: Story) -> None:
    anna, ben = story.person(), story.person()
    anna.grant()
    ben.grant()
    sent = anna.event()
    story.until_received(sent)
    with story.outage():
        hers, his = anna.event(), ben.event()
        story.until_in_back_off()
        anna.withdraw()
        story.until_watched()
    story.until_received(his)
    story.settle()
    assert not story.received(hers)
    assert story.suppressed("withdrawn") >= 1  # it had come as far as the sink
    assert story.received(sent)  # what was lawful stays lawful: DPDP Act s.6(5)


def test_a_withdrawal_and_a_new_grant_leave_a_hole(story: Story) -> None:
    anna = story.person()
    anna.grant()
    first = anna.event()
    story.until_received(first)
    with story.outage():
        queued = anna.event()
        story.until_in_back_off()
        anna.withdraw()
        between = anna.event()
        anna.grant()
        last = anna.event()
        late = anna.event(time=between.time_ms + 1)  # published under the new grant, caused before it
        story.until_watched()
    story.until_received(last)
    story.settle()
    assert not story.received(queued, between, late)
    assert story.pseudonym(first) != story.pseudonym(last)  # nothing joins what was before with what is after


def test_a_narrowed_consent_counts_from_then_on(story: Story) -> None:
    child = story.person(band="child")
    child.grant()
    first = child.event()
    story.until_received(first)
    with story.outage():
        queued = child.event()
        story.until_in_back_off()
        child.grant(purposes={"analytics": True, "third_party_disclosure": False, "marketing": False})
        story.until_watched()
        later = child.event()
    story.settle()
    assert not story.received(queued, later)
    assert story.suppressed("narrowed") >= 1


def test_marketing_that_is_taken_back_leaves_the_rest_in_the_queue(story: Story) -> None:
    campaign = {"event": "campaign_opened", "properties": {"utm_source": "email"}}
    both = {"analytics": True, "third_party_disclosure": True, "marketing": True}
    anna, ben = story.person(), story.person()
    anna.grant(purposes=both)
    ben.grant(purposes=both)
    sent = anna.event(**campaign)
    story.until_received(sent)
    with story.outage():
        hers, played, his = anna.event(**campaign), anna.event(), ben.event(**campaign)
        story.until_in_back_off()
        anna.change(purposes=both | {"marketing": False})
        story.until_watched()
        later = anna.event()
    story.until_received(played, his, later)
    story.settle()
    assert not story.received(hers)
    assert story.pseudonym(sent) == story.pseudonym(played) == story.pseudonym(later)  # still the same grant


def test_consent_that_ends_while_mixpanel_is_down_ends_for_what_is_queued(story: Story) -> None:
    with story.outage():
        for wait_ms in (3_000, 20_000, 60_000):  # for a busy machine, which may judge an event after its end
            anna, ben, cleo = story.person(), story.person(), story.person()
            soon = now_ms() + wait_ms
            anna.grant(expires_at=soon)
            ben.grant(expires_at=soon + 3_600_000)
            cleo.grant()
            hers, his, cleos = anna.event(), ben.event(), cleo.event()
            story.until_judged()
            cleo.change(expires_at=soon)  # what is queued of hers knows of no end
            story.until_watched()
            expired, narrowed = story.expired(), story.suppressed("narrowed")
            if now_ms() < soon:
                break
        story.until(lambda: now_ms() > soon, "the end of her consent")
    story.until_received(his)
    story.settle()
    assert not story.received(hers, cleos)
    assert story.expired() == expired + 1
    assert story.suppressed("narrowed") == narrowed + 1


def test_one_tablet_and_two_children(story: Story) -> None:
    tablet = {"device_id": "tablet-in-the-kitchen-7f3a"}
    lena, max_ = story.person(band="child"), story.person(band="child")
    lena.grant()
    hers, his = lena.event(**tablet), max_.event(**tablet)
    story.until_received(hers)
    story.settle()
    assert not story.received(his)
    max_.grant()
    his_now = max_.event(**tablet)
    story.until_received(his_now)
    assert story.pseudonym(hers) != story.pseudonym(his_now)
    max_.withdraw()
    hers_after, his_after = lena.event(**tablet), max_.event(**tablet)
    story.until_received(hers_after)
    story.settle()
    assert not story.received(his_after)
    everything = str([standin.events() for standin in story.deployment.standins.values()])
    assert tablet["device_id"] not in everything


def test_who_moves_from_the_us_to_india_is_somebody_new_there(story: Story) -> None:
    anna = story.person()
    anna.grant()
    in_the_us = anna.event()
    story.until_received(in_the_us)
    with story.outage(Region.US):
        queued = anna.event()
        story.until_in_back_off(Region.US)
        anna.move("IN")
        anna.grant()
        arrived = anna.event()
        stray = anna.event(region="US")  # a client that does not know yet
        story.until_received(arrived)
        story.until_watched()
    story.settle()
    assert not story.received(queued, stray)
    assert [region for region, _ in story.found(in_the_us)] == [Region.US]
    assert [region for region, _ in story.found(arrived)] == [Region.IN]
    assert story.pseudonym(in_the_us) != story.pseudonym(arrived)


def test_the_thirteenth_birthday(story: Story) -> None:
    today = datetime.now(UTC)
    this_month = f"{today.year - 13}-{today.month:02}"
    last = today.replace(day=1) - timedelta(days=1)
    last_month = f"{last.year - 13}-{last.month:02}"
    still_twelve, thirteen = story.person(band="child"), story.person(band="child")
    still_twelve.grant(birth_month=this_month)  # only the month is known: she is a child until it is over
    thirteen.grant(birth_month=last_month)
    childs, outgrown = still_twelve.event(), thirteen.event()
    story.until_received(childs)
    story.settle()
    assert not story.received(outgrown)  # her parent's consent is not her own
    thirteen.band = "teen"
    thirteen.grant(birth_month=last_month)
    own = thirteen.event()
    story.until_received(own)
    story.settle()
    assert not story.received(outgrown)


def test_a_vendor_document_that_has_expired_closes_the_gate(story: Story) -> None:
    teen, adult = story.person(band="teen"), story.person()
    teen.grant()
    adult.grant()
    signed = teen.event()
    story.until_received(signed)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    dropped = story.dropped("vendor_gate_expired")
    with story.settings({"vendor_gate": {"us_teen": {"document": "OLD-US-TEEN", "until": yesterday}}}):
        expired, others = teen.event(), adult.event()
        story.until_received(others)
        story.settle()
        assert not story.received(expired)
        assert story.dropped("vendor_gate_expired") == dropped + 1
    renewed = teen.event()
    story.until_received(renewed)
    story.settle()
    assert not story.received(expired)
