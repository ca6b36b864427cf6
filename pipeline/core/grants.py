"""A grant: one act of consent (R15, R16, J15)."""

from msgspec import Struct

from pipeline.core.grant_name import NO_GRANT, grant_name
from pipeline.policy.vocabulary import Region

__all__ = ["NO_GRANT", "Grant", "grant_name"]


class Grant(Struct, frozen=True, gc=False):
    """One act of consent. granted_at: milliseconds since the epoch; region: whose law it was given under."""

    consent_id: str
    granted_at: int
    region: Region
