"""The name of a grant, under which it goes into pseudonyms (R15, R16, J15).

Apart from `grants`, which has a Struct: modules with Structs are not compiled, and each event asks for this name.
"""

from typing import Final

NO_GRANT: Final = ""
"""What stands in a pseudonym for the grant of an event that leaves without one, or is older than it."""


def grant_name(consent_id: str, granted_at: int) -> str:
    """Name a grant. Consent that is given again is another grant, also under the same consent id.

    No two grants share a name, whatever an id holds: a number has no `@`.
    """
    return f"{consent_id}@{granted_at}"
