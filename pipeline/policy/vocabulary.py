"""The closed words that policy, core and everything above them share."""

import enum


class Word(enum.StrEnum):
    """A closed set of words. Hashes like the text it is; the hash of Enum itself is a slow Python call."""

    __hash__ = str.__hash__


class Region(Word):
    """A region with its own law, Kafka topic and Mixpanel project; there is no default one."""

    US = "us"
    IN = "in"


class Age(Word):
    """Age group as the law of a region cuts it (16 CFR 312.2: under 13; DPDP Act s.2(f): under 18)."""

    CHILD = "child"
    TEEN = "teen"
    ADULT = "adult"
    UNKNOWN = "unknown"


class Cohort(Word):
    """Region × age group. `XX` stands for a region that is unknown or contradicted; nothing of it leaves by default."""

    US_CHILD = "US/child"
    US_TEEN = "US/teen"
    US_ADULT = "US/adult"
    US_UNKNOWN = "US/unknown"
    IN_CHILD = "IN/child"
    IN_ADULT = "IN/adult"
    IN_UNKNOWN = "IN/unknown"
    XX = "XX/unknown"


class Purpose(Word):
    """What an event is collected for, as its schema declares it (`x-purpose`)."""

    ESSENTIAL = "essential"
    ANALYTICS = "analytics"
    MARKETING = "marketing"
    AI_TRAINING = "ai_training"


# Events by which Mixpanel merges ids; what it has merged stays merged (R16)
IDENTITY_EVENTS = frozenset({"$identify", "$create_alias", "$alias", "$merge"})
PROFILE_UPDATE = "$profile_update"  # what an update of a profile or group is called once it has an envelope


class Space(Word):
    """A pseudonym space: ids of two spaces can never be joined (R10, R15)."""

    ANALYTICS = "analytics"
    INTERNAL_OPS = "internal_ops"


class PropertyClass(Word):
    """What kind of data a property holds (`x-class` in a schema); the policy says per cohort what becomes of it."""

    OPERATIONAL = "operational"
    GAMEPLAY = "gameplay"
    PERSISTENT_ID = "persistent_id"
    ADVERTISING_ID = "advertising_id"
    DEVICE = "device"
    NETWORK = "network"
    IP = "ip"
    PRECISE_LOCATION = "precise_location"
    COARSE_LOCATION = "coarse_location"
    NAME = "name"
    SCREEN_NAME = "screen_name"
    CONTACT = "contact"
    GOVERNMENT_ID = "government_id"
    FINANCIAL = "financial"
    HEALTH = "health"
    EDUCATION = "education"
    BIRTH_DATE = "birth_date"
    AGE = "age"
    FREE_TEXT = "free_text"
    URL = "url"
    MEDIA = "media"
    BIOMETRIC = "biometric"
    MARKETING = "marketing"
    CREDENTIAL = "credential"
    CONTROL = "control"


class Action(Word):
    """What the policy does with a property of a class."""

    KEEP = "keep"  # as it is, if its schema allows the value
    DROP = "drop"  # it stays behind
    GENERALIZE = "generalize"  # only its coarse form leaves, as the schema's x-generalize says
    SCRUB = "scrub"  # free text leaves with a typed token for every identifier that is found in it
    PSEUDONYMIZE = "pseudonymize"  # a keyed digest leaves instead
    ROUTE = "route"  # of an address only the template of its path leaves, from a list in the schema
    DROP_EVENT = "drop_event"  # the whole event stays behind


class StripReason(Word):
    """Why a property did not leave with its event."""

    UNREGISTERED = "unregistered"  # R03: no schema lists it
    INVALID = "invalid"  # R03: registered, but the value is not what the schema allows
    COHORT = "cohort"  # R03: registered, but not for this cohort
    CLASS = "class"  # the policy drops its class for this cohort
    IDENTIFIER = "identifier"  # R12: a direct identifier was found in it
    UNSAFE = "unsafe"  # R21, R22: what scrubbing or its routes could not make safe
