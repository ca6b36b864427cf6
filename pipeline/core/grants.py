"""A grant: one act of consent, and the name under which it goes into pseudonyms (R15, R16, J15)."""

from msgspec import Struct

from pipeline.policy.vocabulary import Region

NO_GRANT = ""
"""What stands in a pseudonym for the grant of an event that leaves without one, or is older than it."""


class Grant(Struct, frozen=True, gc=False):
    """One act of consent. granted_at: milliseconds since the epoch; region: whose law it was given under."""

    consent_id: str
    granted_at: int
    region: Region


def grant_name(consent_id: str, granted_at: int) -> str:
    """Name a grant. Consent that is given again is another grant, also under the same consent id.

    No two grants share a name, whatever an id holds: a number has no `@`.
    """
    return f"{consent_id}@{granted_at}"
