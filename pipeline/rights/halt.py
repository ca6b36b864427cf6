"""What keeps erasures and exports of a region from going on."""

from enum import StrEnum


class RightsHaltWhy(StrEnum):
    """Why erasures and exports of a region do not go on without somebody's help."""

    UNAUTHORIZED = "unauthorized"  # the OAuth token has expired or is wrong
    FORBIDDEN = "forbidden"  # its user may not do this in the project
    NO_TOKEN = "no_token"  # noqa: S105  # none is set, or its file cannot be read
    NOT_CONFIGURED = "not_configured"  # ids of a region that has no project here
    REFUSED = "refused"  # Mixpanel does not take a batch as it is
