"""The closed words of delivery: they are metric labels and reasons in rejections, never free text."""

from enum import StrEnum


class DeliveryRejectReason(StrEnum):
    """Why a clean event is set aside for good. Its coordinates go to `events.rejected`."""

    TOO_LARGE = "too_large"  # alone over the limit of an event or of a request
    REFUSED_BY_MIXPANEL = "refused_by_mixpanel"  # named in `failed_records`, or a request of its own answered 400
    NOT_AN_EVENT = "not_an_event"  # a record without a value, or with one that is no event
    OVER_LIMIT = "over_limit"  # over one of Mixpanel's limits of an event: it would be cut, or refused
    HOT_SHARD = "hot_shard"  # one person's events of one day are more than Mixpanel keeps apart
    LEAK = "leak"  # R35: personal data was found in it, or its batch was discarded for that
    NO_KEY = "no_key"  # a record without a key: nobody can say whether it is suppressed


class Fate(StrEnum):
    """What becomes of a clean event in the end."""

    DELIVERED = "delivered"  # Mixpanel has confirmed it
    REJECTED = "rejected"  # set aside for good, and recorded as such
    SUPPRESSED = "suppressed"  # R25: taken out before an attempt to send it
    STOPPED = "stopped"  # R37, R38: taken out before an attempt, since its cohort was stopped meanwhile
    EXPIRED = "expired"  # R04, R08, R28: taken out before an attempt, since its consent was over by itself meanwhile
    CANARY = "canary"  # R35: an invented person's, looked at like the others and never sent


class BatchResult(StrEnum):
    """How a batch ended."""

    DELIVERED = "delivered"
    PARTIAL = "partial"  # some events refused by index, the others delivered
    SPLIT = "split"  # refused as a whole; its halves are batches of their own
    REJECTED = "rejected"  # a single event, refused


class RetryWhy(StrEnum):
    """Why a batch is sent again with the same bytes."""

    RATE_LIMITED = "rate_limited"  # 429
    UNAVAILABLE = "unavailable"  # 5xx, or no answer at all
    NOT_ACKNOWLEDGED = "not_acknowledged"  # an answer that does not say what became of the events


class HaltWhy(StrEnum):
    """Why a region sends nothing."""

    UNAUTHORIZED = "unauthorized"  # 401; until Mixpanel accepts the credentials
    FORBIDDEN = "forbidden"  # 403; likewise
    RESIDENCY = "residency"  # what is sent does not seem to arrive in the region's project; until it does
    KILL_SWITCH = "kill_switch"  # R38; until it is lifted
    LEAK = "leak"  # R35; until the incident is closed
