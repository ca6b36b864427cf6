"""What the sanitizer counts: every event once, closed label sets, and names only where they tell nobody."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.core.outcome import Clean, Counted, Dropped, DropReason, Rejected, RejectReason
from pipeline.core.ruling import UNREGISTERED
from pipeline.detect.engine import scan
from pipeline.ledger.outcomes import COUNTED
from pipeline.ops.metrics import Metrics
from pipeline.policy.vocabulary import Cohort, PropertyClass, Region
from pipeline.workers.judging import Judged
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.tally import APP_VERSIONS, OTHER, UNKNOWN_NAMES, Counts, rulings_of
from tests.aggregate.counts import child_event, counts_world
from tests.core.worlds import GOOD, OPEN, RECORDS, World, raw_event, world

ADULT = world(OPEN, records=(RECORDS["US/adult"],))
CHILD = world(OPEN, records=(RECORDS["US/child"],))


class Shop:
    """The counters of a process, and what they show."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counts = Counts(Metrics(LABEL_VALUES, self.registry))

    def judge(self, events: list[Any], here: World = ADULT) -> None:
        """Count one chunk as the worker does."""
        judged = Judged()
        for outcome in here.judge(events):
            match outcome:
                case Clean():
                    judged.keys.append((outcome.region, outcome.cohort))
                    judged.lost += outcome.lost
                case Dropped():
                    judged.keys.append((outcome.reason, outcome.cohort))
                case Counted():
                    judged.keys.append((*COUNTED, outcome.cohort))
                case Rejected():
                    judged.keys.append((outcome.reason,))
            if not isinstance(outcome, Rejected):
                judged.ruled.append(outcome)
        self.counts.publish(judged, rulings_of(judged))

    def shown(self, name: str) -> Counter[tuple[str, ...]]:
        """Return a counter's values that are not 0, by the values of its labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for metric in self.registry.collect():
            for sample in metric.samples:
                if sample.name == name and sample.value:
                    found[tuple(sample.labels[label] for label in sorted(sample.labels))] = int(sample.value)
        return found


@pytest.fixture
def shop() -> Shop:
    return Shop()


def with_names(*names: str, **more: Any) -> dict[str, Any]:
    return raw_event(properties=GOOD | dict.fromkeys(names, 1) | more)


def test_every_event_is_counted_once(shop: Shop) -> None:
    shop.judge(
        [raw_event(), raw_event(), raw_event(profile_id="other"), raw_event(region="GB"), raw_event(time=None), 7]
    )
    assert shop.shown("coppice_events_kept_total") == {("US/adult", "us"): 2}
    assert shop.shown("coppice_events_dropped_total") == {
        ("US/unknown", "no_consent"): 1,
        ("XX/unknown", "unknown_region"): 1,
    }
    assert shop.shown("coppice_events_rejected_total") == {("missing_field",): 1, ("not_an_object",): 1}
    assert shop.shown("coppice_events_in_total") == {("us",): 3, ("none",): 3}


def test_properties_that_stay_are_counted_by_class(shop: Shop) -> None:
    event = with_names("scores", "idfa", "client_ip", "$email", level=0, phrase="gems_9876543210")
    shop.judge([event, event])
    assert shop.shown("coppice_properties_stripped_total") == {
        (UNREGISTERED,): 2, ("advertising_id",): 2, ("ip",): 2, ("contact",): 2, ("gameplay",): 4,
    }  # fmt: skip


def test_defects_of_the_app_are_counted_by_class_and_version(shop: Shop) -> None:
    event = {"idfa": "x", "ssn": "y", "$app_version_string": "3.1.4"}
    shop.judge([raw_event(properties=event)] * 3, CHILD)
    shop.judge([raw_event(properties=event | {"$app_version_string": "3.2"})], CHILD)
    shop.judge([raw_event(properties={"ssn": 1, "level": 7}), raw_event()], ADULT)
    assert shop.shown("coppice_client_defects_total") == {
        ("3.1.4", "advertising_id"): 3, ("3.1.4", "government_id"): 3, ("3.2", "advertising_id"): 1,
        ("3.2", "government_id"): 1, (OTHER, "government_id"): 1,
    }  # fmt: skip


def test_versions_that_clients_invent_are_bounded(shop: Shop) -> None:
    for number in range(3 * APP_VERSIONS):
        version = f"1.{number}"
        shop.judge([raw_event(properties={"ssn": 1, "$app_version_string": version})])
    found = shop.shown("coppice_client_defects_total")
    assert len({version for version, _ in found}) == APP_VERSIONS + 1
    assert found.total() == 3 * APP_VERSIONS
    shop.judge([raw_event(properties={"ssn": 1, "$app_version_string": "1.0"})])
    assert shop.shown("coppice_client_defects_total")["1.0", "government_id"] == 2


NOT_A_VERSION = [
    "192.168.1.17",
    "aarav@example.com",
    "415.555.0123",
    "9876543210",
    "",
    "३.१",
    5,
    None,
    ["1.2"],
    "1.2\n",
]


@pytest.mark.parametrize("version", NOT_A_VERSION, ids=repr)
def test_version_is_no_label_where_it_is_none(shop: Shop, version: Any) -> None:
    shop.judge([raw_event(properties={"ssn": 1, "$app_version_string": version})])
    assert shop.shown("coppice_client_defects_total") == {(OTHER, "government_id"): 1}


# --- names that no schema lists


def test_unknown_names_are_counted_by_event(shop: Shop) -> None:
    shop.judge(
        [with_names("scores", "bossName2"), with_names("scores"), raw_event(properties={"scores": 1}, region="IN")]
    )
    assert shop.counts.unknown == {"scores": 3, "bossName2": 1}


@pytest.mark.parametrize(
    "name",
    [
        "aarav@example.com", "9876543210", "_9876543210", "p9876543210", "user_2341_2341_2346", "x123456789",
        "0f8fad5b-d9cb-469f-a165-70867728950e", "a0f8fad5bd9cb469fa16570867728950e", "192.168.1.17", "_192.168.1.17",
        "ravi.kumar@okhdfcbank", "ABCPE1234F", "आरव", "Aarav Sharma", "name with blanks", "", "x" * 65, "a\nb", "a|b",
        "[email]", "<script>", "HDFC0002255", "KA01AB1234", "\u200bscores",
    ],
    ids=ascii,
)  # fmt: skip
def test_name_that_may_be_somebodys_is_never_kept(shop: Shop, name: str) -> None:
    shop.judge([with_names(name, "scores")])
    assert shop.counts.unknown == {"scores": 1}


@pytest.mark.parametrize("name", ["$email", "idfa", "childName", "level", "note", "$os", "utm_odd", "$mp_odd"])
def test_name_that_says_what_it_is_counts_as_its_class(shop: Shop, name: str) -> None:
    shop.judge([with_names(name)])
    assert shop.counts.unknown == {}


def test_names_that_clients_invent_are_bounded(shop: Shop) -> None:
    for start in range(0, 3 * UNKNOWN_NAMES, 100):
        shop.judge([with_names(*(f"name_{chr(97 + n % 26)}{n}" for n in range(start, start + 100)))])
    assert len(shop.counts.unknown) == UNKNOWN_NAMES
    shop.judge([with_names("name_a0", "one_more")])
    assert shop.counts.unknown["name_a0"] == 2
    assert "one_more" not in shop.counts.unknown


def test_names_that_cannot_be_shown_take_no_room(shop: Shop) -> None:
    huge = [with_names("x" * 5_000 + str(n)) for n in range(2 * UNKNOWN_NAMES)]
    shop.judge(huge)
    shop.judge([with_names("scores")])
    assert shop.counts.unknown == {"scores": 1}
    assert sum(map(len, shop.counts._plausible)) < 100


@given(st.lists(st.text(max_size=30), max_size=8, unique=True))
def test_name_that_is_kept_is_a_programmers_and_no_identifier(names: list[str]) -> None:
    shop = Shop()
    shop.judge([raw_event(properties=dict.fromkeys(names, 1))])
    for name in shop.counts.unknown:
        assert name in names
        assert name.isascii()
        assert len(name) <= 64
        assert not scan(name).findings


# --- labels


def test_every_outcome_has_a_label(shop: Shop) -> None:
    judged = Judged()
    for cohort in Cohort:
        judged.keys += [(reason, cohort) for reason in DropReason]
        judged.keys += [(region, cohort) for region in Region]
    judged.keys += [(why,) for why in RejectReason]
    judged.lost += PropertyClass
    shop.counts.publish(judged, rulings_of(judged))
    assert shop.shown("coppice_events_dropped_total").total() == len(Cohort) * len(DropReason)
    assert shop.shown("coppice_events_in_total").total() == len(Cohort) * (len(DropReason) + len(Region)) + len(
        RejectReason
    )
    assert shop.shown("coppice_properties_stripped_total").total() == len(PropertyClass)
    assert shop.shown("coppice_misrouted_keys_total").total() == 1


CANARY = "canary7f"


@given(
    st.dictionaries(st.sampled_from(["level", "ssn", "$app_version_string", "x", CANARY]), st.just(CANARY), max_size=5),
    st.sampled_from(["region", "platform", "event", "time", "age", "profile_id"]),
)
def test_nothing_of_an_event_becomes_a_label(properties: dict[str, Any], field: str) -> None:
    shop = Shop()
    event = raw_event(properties=properties)
    shop.judge([event, event | {field: CANARY}], CHILD)
    labels = json.dumps([sample.labels for metric in shop.registry.collect() for sample in metric.samples])
    assert CANARY not in labels


def test_client_defects_of_events_that_are_only_counted_are_alarmed(shop: Shop) -> None:
    sent = {"world": "ocean", "idfa": "x", "$app_version_string": "3.1.4"}
    shop.judge([child_event("a-child", properties=sent)], counts_world(["a-child"]))
    assert shop.shown("coppice_aggregate_contributions_total") == {("IN/child",): 1}
    assert shop.shown("coppice_client_defects_total") == {("3.1.4", "advertising_id"): 1}
