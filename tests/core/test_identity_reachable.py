"""Erasure and suppression reach every pseudonym a person can have got, whatever keys and rotations did meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.grants import NO_GRANT, Grant, grant_name
from pipeline.core.identity import KeyRing
from pipeline.policy.vocabulary import Region, Space
from tests.core.rings import OLDEST, Dated, everywhere, ring_of, rings
from tests.core.worlds import DAY, HOUR, KEYS, NOW, OPEN, PERMISSIVE, RECORDS, merged, raw_event, world

US, ANALYTICS = Region.US, Space.ANALYTICS
ROTATIONS = st.lists(st.integers(1, 400).map(lambda days: days * DAY), min_size=1, max_size=3)
GRANTS = st.lists(
    st.builds(Grant, st.text(max_size=5), st.integers(OLDEST, NOW), st.sampled_from(Region)), min_size=1, max_size=3
)


@given(rings(), GRANTS, ROTATIONS, st.integers(0, 2), st.sampled_from(Space), st.data())
def test_every_name_that_an_event_can_get_is_reached(
    dated: Dated, grants: list[Grant], rotations: list[int], retired: int, space: Space, data: st.DataObject
) -> None:
    ring = ring_of(dated, retired)
    grant, rotation = data.draw(st.sampled_from(grants)), data.draw(st.sampled_from(rotations))
    since = data.draw(st.integers(OLDEST, NOW))
    reached = ring.reachable(grant.region, "p", grants, NOW, rotations, since_ms=since)
    for name, start in ((grant_name(grant.consent_id, grant.granted_at), grant.granted_at), (NO_GRANT, since)):
        # the edges of everything are where a name could be missed
        edges = [start, NOW, NOW + HOUR, *(s + d for starts in dated.values() for s in starts for d in (-1, 0))]
        edges += [(start // rotation + 1) * rotation + d for d in (-1, 0)]
        times = [edge for edge in edges if start <= edge <= NOW + HOUR]
        for time in [*times, data.draw(st.integers(start, NOW + HOUR))]:
            if not ring.retired(grant.region, space, time):
                assert ring.pseudonym(grant.region, space, "p", name, time, rotation) in reached


@given(rings(), st.integers(OLDEST, NOW), st.data())
def test_names_of_a_worker_that_has_not_seen_the_newest_keys_are_reached(
    dated: Dated, granted_at: int, data: st.DataObject
) -> None:
    """A key file is copied to many machines, and one of them can be forgotten."""
    stale = {place: starts[: data.draw(st.integers(1, len(starts)))] for place, starts in dated.items()}
    time = data.draw(st.integers(granted_at, NOW + HOUR))
    grant = Grant("c", granted_at, US)
    name = ring_of(stale).pseudonym(US, ANALYTICS, "p", grant_name("c", granted_at), time, 30 * DAY)
    assert name in ring_of(dated).reachable(US, "p", [grant], NOW, [30 * DAY], since_ms=NOW)


def test_nothing_else_is_reached() -> None:
    """Three epochs of the grant, one without it, in both spaces and under both versions; not one name more."""
    start = 692 * 30 * DAY  # an epoch begins
    ring = ring_of(everywhere(0, start + 61 * DAY))
    now = start + 62 * DAY
    grants = [Grant("c", start + DAY, US), Grant("other region", start, Region.IN)]
    reached = ring.reachable(US, "p", grants, now, {30 * DAY}, since_ms=now)

    def named(space: Space, grant: str, day: int) -> str:
        return ring.pseudonym(US, space, "p", grant, start + day * DAY, 30 * DAY)

    old = ring_of(everywhere(0))
    grant = grant_name("c", start + DAY)
    expected = {named(space, grant, day) for space in Space for day in (1, 30, 60, 61)}
    expected |= {named(space, NO_GRANT, 62) for space in Space}
    expected |= {old.pseudonym(US, space, "p", NO_GRANT, now, 30 * DAY) for space in Space}  # from a stale worker
    assert reached == expected
    assert len(expected) == 12


def test_grant_that_lies_ahead_has_no_names_yet() -> None:
    reached = KEYS.reachable(US, "p", [Grant("c", NOW + HOUR + 1, US)], NOW, [DAY], since_ms=NOW + HOUR + 1)
    assert reached == set()
    assert len(KEYS.reachable(US, "p", [Grant("c", NOW + HOUR, US)], NOW, [DAY], since_ms=NOW + HOUR + 1)) == 2


def test_nobody_elses_names_are_reached() -> None:
    grants = [Grant("c", NOW - 100 * DAY, region) for region in Region]

    def reached(region: Region, profile: str) -> set[str]:
        return KEYS.reachable(region, profile, grants, NOW, [30 * DAY], since_ms=NOW - 100 * DAY)

    sets = [reached(region, profile) for region in Region for profile in ("p", "q")]
    assert len(set().union(*sets)) == sum(map(len, sets))


def test_names_under_a_destroyed_key_are_out_of_reach() -> None:
    dated = everywhere(0, NOW)
    whole, torn = ring_of(dated), ring_of(dated, retired=1)

    def reached(ring: KeyRing) -> set[str]:
        return ring.reachable(US, "p", [Grant("c", NOW - DAY, US)], NOW, [DAY], since_ms=NOW - DAY)

    assert reached(torn) < reached(whole)
    assert whole.pseudonym(US, ANALYTICS, "p", NO_GRANT, NOW - 1, DAY) not in reached(torn)
    assert whole.pseudonym(US, ANALYTICS, "p", NO_GRANT, NOW, DAY) in reached(torn)


def test_what_left_is_reached() -> None:
    """From the core itself: with consent, after a new grant, and on the path without any."""
    record = RECORDS["US/adult"]
    again = merged(record, {"granted_at": NOW - 2 * HOUR})
    operations = merged(RECORDS["US/child"], {"granted_at": NOW - 2 * HOUR, "purposes": {"analytics": False}})
    sent = {
        world(OPEN, records=(record,)).clean(raw_event())["distinct_id"],
        world(OPEN, records=(again,)).clean(raw_event())["distinct_id"],
        world(PERMISSIVE, records=(operations,)).clean(raw_event(event="essential"))["distinct_id"],
        world(PERMISSIVE, records=(operations,)).clean(raw_event(event="essential", time=NOW - DAY))["distinct_id"],
    }
    grants = [Grant(r["consent_id"], r["granted_at"], US) for r in (record, again)]
    rotations = {30 * DAY, 365 * DAY}
    reached = KEYS.reachable(US, "profile-0001", grants, NOW, rotations, since_ms=NOW - 30 * DAY)
    assert len(sent) == 4
    assert sent <= reached


def test_a_key_that_begins_in_the_last_moment_of_an_epoch_or_of_all_is_reached() -> None:
    day = NOW // DAY - 2
    for begins in ((day + 1) * DAY - 1, NOW + HOUR):
        ring = ring_of(everywhere(0, begins))
        reached = ring.reachable(US, "p", [Grant("c", day * DAY, US)], NOW, [DAY], since_ms=NOW)
        assert ring.pseudonym(US, ANALYTICS, "p", grant_name("c", day * DAY), begins, DAY) in reached


def test_a_key_is_not_asked_for_epochs_before_it() -> None:
    day = NOW // DAY - 2
    grants = [Grant("c", day * DAY, US)]
    one = ring_of(everywhere(0)).reachable(US, "p", grants, NOW, [DAY], since_ms=NOW)
    two = ring_of(everywhere(0, (day + 1) * DAY)).reachable(US, "p", grants, NOW, [DAY], since_ms=NOW)
    assert len(two - one) == len(one) - len(Space)  # every name again but those of the first day
