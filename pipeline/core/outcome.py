"""What becomes of one raw event: a closed union with typed reasons."""

from msgspec import Struct

from pipeline.core.ruling import Ruling
from pipeline.policy.vocabulary import Cohort, PropertyClass, Region, Word

UPDATE_START = b'{"$'  # how the value of an update begins, and no event's


class DropReason(Word):
    """Why policy keeps an event from leaving. The person's choice or the law decided; nothing is broken."""

    UNKNOWN_EVENT = "unknown_event"  # R03: the registry does not list this event
    UNKNOWN_REGION = "unknown_region"  # R02
    REGION_CONFLICT = "region_conflict"  # R01 with J14: no place may process an event of two regions
    UNKNOWN_AGE = "unknown_age"  # R02: no signal from an accepted source
    INDIA_CHILD = "india_child"  # R11: DPDP Act s.9(3), no consent cures it
    HARM_TO_CHILD = "harm_to_child"  # R11: DPDP Act s.9(2), the event's name tells what must not be used about a child
    PURPOSE_NEVER = "purpose_never"  # R06, R07: marketing to minors, AI training
    VENDOR_GATE = "vendor_gate"  # R37: no signed document is on file for the cohort
    VENDOR_GATE_EXPIRED = "vendor_gate_expired"  # R37: its last day is over
    NO_CONSENT = "no_consent"  # R04: no record
    CONSENT_UNREADABLE = "consent_unreadable"  # R02: the record is there and cannot be read
    CONSENT_WITHDRAWN = "consent_withdrawn"  # R25
    CONSENT_EXPIRED = "consent_expired"  # R08
    CONSENT_OUTGROWN = "consent_outgrown"  # R28: given for a minor who is 13 (US) or 18 (India) by now
    CONSENT_IN_FUTURE = "consent_in_future"  # R08
    CONSENT_REGION = "consent_region"  # R08: given under another region's law
    CONSENT_AGE = "consent_age"  # R08: the record is not about a person of this age
    CONSENT_GRANTOR = "consent_grantor"  # R08: the child herself, or somebody else for a person old enough, granted it
    CONSENT_UNVERIFIED = "consent_unverified"  # R08: a parent who is not shown to be an adult granted it
    CONSENT_RELATION = "consent_relation"  # R08: in India a parent says how she is related to the child
    CONSENT_METHOD = "consent_method"  # R08: not a method that proves this consent
    CONSENT_NOTICE = "consent_notice"  # R08: the notice it answers is not in force
    CONSENT_NOTICE_HASH = "consent_notice_hash"  # R08: it answers another text of that notice
    CONSENT_LANGUAGE = "consent_language"  # R08: there is no notice in its language
    NO_ANALYTICS_CONSENT = "no_analytics_consent"  # R04
    NO_DISCLOSURE_CONSENT = "no_disclosure_consent"  # R05
    NO_MARKETING_CONSENT = "no_marketing_consent"  # R06
    PRIVACY_SIGNAL = "privacy_signal"  # J7: Global Privacy Control
    BEFORE_CONSENT = "before_consent"  # R09
    IDENTIFIER = "identifier"  # R12: a direct identifier inside a property that would be kept
    IDENTITY_EVENT = "identity_event"  # R16: it would merge the ids of several people or devices
    PROFILE_NEVER = "profile_never"  # R16: an update of the profile of somebody who is, or may be, a minor
    PROFILE_NOT_REPEATABLE = "profile_not_repeatable"  # an update that would count twice if it came twice
    PROFILE_EMPTY = "profile_empty"  # an update of which the registry allows nothing
    GROUP_UNREGISTERED = "group_unregistered"  # an update of a group that no schema lists, or by an id it refuses
    CLASS = "class"  # the event holds data of a class that the policy drops whole events for
    KILL_SWITCH = "kill_switch"  # R38
    KEY_RETIRED = "key_retired"  # R15: the key for events of this time has been destroyed


class RejectReason(Word):
    """Why an event cannot be judged. Its coordinates go to `events.rejected`; the event can be replayed."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    TOO_COMPLEX = "too_complex"  # more lists and objects in it, or events in a record, than are looked at
    DUPLICATE_KEY = "duplicate_key"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    FORBIDDEN_ID = "forbidden_id"
    TIME_TOO_OLD = "time_too_old"
    TIME_IN_FUTURE = "time_in_future"
    MISROUTED_KEY = "misrouted_key"
    WRONG_REGION = "wrong_region"
    INTERNAL_ERROR = "internal_error"  # a defect of ours: this event is set aside, its neighbours go on


class Clean(Struct, frozen=True, gc=False):
    """An event, or an update of a profile or group, that may leave.

    key: the pseudonym, UTF-8; value: the object for Mixpanel, UTF-8 JSON, see `is_update`; ruling: what was said about
    its properties by their names; lost: classes of those that stayed behind because of their value; app_version: where
    the ruling has alarms, the version of the app they are a defect of. What may end while it waits (R04): marketing:
    it is for marketing, which can be taken back alone; until: from when on the consent it rests on is over by itself,
    milliseconds since the epoch, 0 where that is not soon.
    """

    region: Region
    cohort: Cohort
    key: bytes
    value: bytes
    ruling: Ruling
    lost: tuple[PropertyClass, ...] = ()
    app_version: str = ""
    marketing: bool = False
    until: int = 0

    @property
    def is_update(self) -> bool:
        """True for an object of `/engage` or `/groups`, without its token; False for an event, as `/import` has it."""
        return self.value.startswith(UPDATE_START)


class Dropped(Struct, frozen=True, gc=False):
    """An event that policy keeps from leaving. ruling and app_version as in `Clean`, where the event is registered."""

    reason: DropReason
    cohort: Cohort
    ruling: Ruling | None = None
    app_version: str = ""


class Rejected(Struct, frozen=True, gc=False):
    """An event that cannot be judged. path: a field of the envelope, never a name or value the client chose.

    Of an `internal_error`: type of the error and place in the code, see `defect`.
    """

    reason: RejectReason
    path: str = ""


class Cell(Struct, frozen=True, gc=False):
    """What one count is of: an event, within a window of time, by the values of its dimensions, sorted by name.

    start_ms: of the window, UTC, milliseconds since the epoch; length_ms: an hour or a day.
    """

    start_ms: int
    length_ms: int
    event: str
    dimensions: tuple[tuple[str, str | bool], ...]


class Counted(Struct, frozen=True, gc=False):
    """An event of a child in India that adds to a count and leaves in no other way (R11, J5).

    who: a name of the child that holds within this window only; id: a name of the event, the same whenever it is
    judged. Both are keyed digests of 16 bytes in hexadecimal. ruling and app_version as in `Clean`.
    """

    cohort: Cohort
    cell: Cell
    who: str
    id: str
    ruling: Ruling | None = None
    app_version: str = ""


Outcome = Clean | Dropped | Rejected | Counted
