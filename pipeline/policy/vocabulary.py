"""The closed words that policy, core and everything above them share."""

from enum import StrEnum


class Region(StrEnum):
    """A region with its own law, Kafka topic and Mixpanel project; there is no default one."""

    US = "us"
    IN = "in"


class Age(StrEnum):
    """Age group as the law of a region cuts it (16 CFR 312.2: under 13; DPDP Act s.2(f): under 18)."""

    CHILD = "child"
    TEEN = "teen"
    ADULT = "adult"
    UNKNOWN = "unknown"


class Cohort(StrEnum):
    """Region × age group. `XX` stands for a region that is unknown or contradicted; nothing of it leaves by default."""

    US_CHILD = "US/child"
    US_TEEN = "US/teen"
    US_ADULT = "US/adult"
    US_UNKNOWN = "US/unknown"
    IN_CHILD = "IN/child"
    IN_ADULT = "IN/adult"
    IN_UNKNOWN = "IN/unknown"
    XX = "XX/unknown"


class Purpose(StrEnum):
    """What an event is collected for, as its schema declares it (`x-purpose`)."""

    ESSENTIAL = "essential"
    ANALYTICS = "analytics"
    MARKETING = "marketing"
    AI_TRAINING = "ai_training"


class Space(StrEnum):
    """A pseudonym space: ids of two spaces can never be joined (R10, R15)."""

    ANALYTICS = "analytics"
    INTERNAL_OPS = "internal_ops"


class PropertyClass(StrEnum):
    """What kind of data a registered property holds (`x-class` in an event schema)."""

    OPERATIONAL = "operational"
    GAMEPLAY = "gameplay"
    DEVICE = "device"
    NETWORK = "network"
    MARKETING = "marketing"
    FREE_TEXT = "free_text"
    URL = "url"


class StripReason(StrEnum):
    """Why a property did not leave with its event."""

    UNREGISTERED = "unregistered"  # R03
    INVALID = "invalid"  # R03: registered, but the value is not what the schema allows
    COHORT = "cohort"  # R03: registered, but not for this cohort
    FREE_TEXT = "free_text"  # R21
    URL = "url"  # R22
