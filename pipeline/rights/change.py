"""What a consent record changes for events that were judged under the one before, and may still be queued.

R25, J13: COPPA 16 CFR 312.6(a)(2), DPDP Act s.6(4)-(6). R28, J15: age. The sanitizer judges every later event with the
new record by itself; this is about the earlier ones.
"""

from typing import Final

from pipeline.core.cohort import REGIONS
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.core.evidence import over_at
from pipeline.core.grants import Grant
from pipeline.rights.identities import Identity, grant_of
from pipeline.stream.suppression import SuppressWhy

_AGES: Final = {"child": 0, "teen": 1, "adult": 2}


def change(
    before: Identity | None, after: ConsentRecord | ConsentFault | None, *, provider: bool
) -> SuppressWhy | None:
    """Say why queued events of the profile must not leave any more, None if they may.

    after: the new record, what is wrong with it, or None for a tombstone. provider: Mixpanel works for the operator's
    internal operations only, so that disclosure needs no consent of its own (16 CFR 312.5(a)(2), J18).

    Events of a profile without a record may have left on notice, or for internal operations (J3, J7): a first record
    that refuses ends that, one that grants does not. Consent that is renewed, or granted for more, leaves earlier
    events as lawful as they were.
    """
    if after is None:
        return SuppressWhy.ERASED if before is not None else None
    if isinstance(after, ConsentFault):
        return SuppressWhy.UNREADABLE
    if after.withdrawn_at is not None:
        return SuppressWhy.WITHDRAWN
    last, purposes = before.last if before is not None else None, after.purposes
    if not purposes.analytics and (last is None or last.analytics):
        return SuppressWhy.NARROWED
    if last is None:
        return None
    if last.third_party_disclosure and not purposes.third_party_disclosure and not provider:
        return SuppressWhy.NARROWED
    if last.region is not REGIONS[after.region]:
        return SuppressWhy.MOVED
    if last.band != after.age.band and not _grown_up(last.band, after):
        return SuppressWhy.AGE_CHANGED
    return None


def ends_marketing(before: Identity, after: ConsentRecord) -> bool:
    """Say whether queued events for marketing must not leave any more, where `change` lets all others go on (R04, R06).

    Nobody's events for marketing leave without a record, so a first one ends nothing.
    """
    return before.last.marketing and not after.purposes.marketing


def ends_sooner(before: Identity, after: ConsentRecord) -> int | None:
    """Return when a grant is over by itself, if that is sooner than was known of it: queued events go by the old end.

    By an earlier end (R08), or a month of birth that has become known (R28).
    """
    end, grant = over_at(after), grant_of(after)
    if end is None or grant not in before.grants:
        return None
    known = before.last.over_at if before.grants[-1] == grant else None  # what is known is about the last one
    return end if known is None or end < known else None


def _grown_up(band: str, after: ConsentRecord) -> bool:
    """Say whether the person is older now and consents for herself: a parent's consent does not go on (J15)."""
    then, now = _AGES.get(band), _AGES.get(after.age.band)
    return then is not None and now is not None and now > then and after.grantor.role == "self"


def ended_grants(
    before: Identity | None, after: ConsentRecord | ConsentFault | None, why: SuppressWhy
) -> tuple[Grant, ...]:
    """Return the grants whose events must not leave any more.

    All that the profile has had, since events of any may be queued; not one that this very record makes: its events
    are judged with what it says. A withdrawal ends its own grant, whether it was known or not.
    """
    grants = before.grants if before is not None else ()
    if not isinstance(after, ConsentRecord):
        return grants
    own = grant_of(after)
    if why is SuppressWhy.WITHDRAWN and own not in grants:
        return (*grants, own)
    return grants
