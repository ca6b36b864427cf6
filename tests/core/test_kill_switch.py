"""The kill switch stops a cohort, a region or everything, before anything else is asked (R38)."""

from typing import Any

import pytest

from pipeline.core.outcome import Clean, DropReason
from tests.core.worlds import PERMISSIVE, RECORDS, World, consents_of, context_of, fate, merged, policy_of, raw_event

SETTINGS = merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}})
LEAVING = ["US/child", "US/teen", "US/adult", "US/unknown", "IN/adult"]
US = [cohort for cohort in LEAVING if cohort.startswith("US")]


def left(switch: dict[str, Any]) -> list[str]:
    """Return the cohorts whose usual event leaves; all others must say that the switch stopped them."""
    context = context_of(policy_of(SETTINGS, {"kill_switch": switch}))
    found = []
    for cohort in LEAVING:
        here = World(context, consents_of(RECORDS[cohort]) if cohort in RECORDS else {})
        outcome = here.one(raw_event(event="essential", region=cohort[:2]))
        if isinstance(outcome, Clean):
            found.append(cohort)
        else:
            assert fate(outcome) == (DropReason.KILL_SWITCH, cohort)
    return found


@pytest.mark.parametrize(
    ("switch", "stopped"),
    [
        ({}, []),
        ({"all": False}, []),
        ({"all": True}, LEAVING),
        ({"regions": ["us"]}, US),
        ({"regions": ["in"]}, ["IN/adult"]),
        ({"regions": ["us", "in"]}, LEAVING),
        *(({"cohorts": [cohort]}, [cohort]) for cohort in LEAVING if cohort != "US/child"),
        # 312.5(c)(7): who may be a child passes the children's gate, too
        ({"cohorts": ["US/child"]}, ["US/child", "US/unknown"]),
        ({"cohorts": ["US/child"], "regions": ["in"]}, ["US/child", "US/unknown", "IN/adult"]),
        ({"all": True, "cohorts": []}, LEAVING),
        ({"cohorts": ["XX/unknown", "IN/child"]}, []),
    ],
    ids=str,
)
def test_switch_stops_whom_it_names(switch: dict[str, Any], stopped: list[str]) -> None:
    assert left(switch) == [cohort for cohort in LEAVING if cohort not in stopped]


@pytest.mark.parametrize("region", ["US", "IN", "GB", None])
@pytest.mark.parametrize("event", ["essential", "analytics", "marketing", "ai_training"])
def test_switch_is_asked_first(event: str, region: str | None) -> None:
    here = World(context_of(policy_of({"kill_switch": {"all": True}})), {})
    reason, _ = fate(here.one(raw_event(event=event, region=region)))
    assert reason is DropReason.KILL_SWITCH


def test_younger_signal_does_not_get_around_the_switch() -> None:
    """An adult's event is stopped with her cohort; said to be a child's, it is stopped as what it then is."""
    context = context_of(policy_of(SETTINGS, {"kill_switch": {"cohorts": ["US/adult"]}}))
    here = World(context, consents_of(RECORDS["US/adult"]))
    for age in (None, {"band": "child", "source": "age_screen"}, {"band": "teen", "source": "id_document"}):
        assert not isinstance(here.one(raw_event(event="essential", **({"age": age} if age else {}))), Clean), age
