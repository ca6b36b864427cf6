"""The rights worker dies while people withdraw; whoever goes on after it misses none of them."""

import signal

from tests.scenarios.story import Story

PEOPLE = 60


def test_no_withdrawal_is_missed_when_the_worker_is_killed_among_them(story: Story) -> None:
    (rights,) = story.workers("rights")
    crowd, witness = [story.person() for _ in range(PEOPLE)], story.person()
    for each in (*crowd, witness):
        each.grant()
    with story.outage():
        theirs, seen = [each.event() for each in crowd], witness.event()
        story.until_in_back_off()
        restarts = rights.restarts
        for number, each in enumerate(crowd):
            each.withdraw()
            if number == PEOPLE // 2:
                rights.send(signal.SIGKILL)
        story.until(lambda: rights.restarts == restarts + 1, "the worker started again")
        story.until_watched()
    story.until_received(seen)
    story.settle()
    assert not story.received(*theirs)
    story.deployment.wait_ready(rights)


def test_a_withdrawal_while_no_worker_runs_is_found_later(story: Story) -> None:
    (rights,) = story.workers("rights")
    anna, witness = story.person(), story.person()
    anna.grant()
    witness.grant()
    story.until_watched()
    with story.outage():
        hers, seen = anna.event(), witness.event()
        story.until_in_back_off()
        rights.stop()
        anna.withdraw()
        rights.start()
        story.until_watched()
    story.until_received(seen)
    story.settle()
    assert not story.received(hers)
    story.deployment.wait_ready(rights)
