"""Every signal is told: what it says, what it would lead to alone, and whether it decides (R01)."""

from typing import Any

import pytest

from pipeline.core.consent import ConsentFault
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.signals import AGREES, CONFLICTS, DECIDES, OUTWEIGHED, signals_of, telling
from pipeline.policy.vocabulary import Age
from tests.core.worlds import GOOD, NOW, OPEN, RECORDS, consents_of, context_of, policy_of, raw_event, record_of

CONTEXT = context_of(policy_of(OPEN))
ADULT, CHILD = {"band": "adult", "source": "id_document"}, {"band": "child", "source": "age_screen"}
TURNS_13 = "2013-11"  # the month of NOW: she counts as a child to its end
WAS_13 = "2013-10"
US = ("region", "US", "US/unknown", DECIDES, None)

Told = tuple[str, str, str, str, bool | None]


def told(event: dict[str, Any], state: Any) -> tuple[str, list[Told]]:
    envelope = read_envelope(event, NOW)
    assert isinstance(envelope, Envelope)
    standing, found = signals_of(event, envelope, state, CONTEXT)
    return standing.cohort, [(each.source, each.says, each.alone, each.effect, each.accepted) for each in found]


def event_of(region: str = "US", age: Any = None, **properties: Any) -> dict[str, Any]:
    return raw_event(region=region, properties=GOOD | properties, **({} if age is None else {"age": age}))


@pytest.mark.parametrize(
    ("event", "record", "cohort", "signals"),
    [
        (event_of(), None, "US/unknown", [US]),
        (
            event_of(), RECORDS["US/adult"], "US/adult",
            [US, ("consent", "US, adult (id_document)", "US/adult", DECIDES, True)],
        ),
        (
            event_of("IN"), RECORDS["IN/adult"], "IN/adult",
            [
                ("region", "IN", "IN/unknown", DECIDES, None),
                ("consent", "IN, adult (id_document)", "IN/adult", DECIDES, True),
            ],
        ),
        (
            event_of("GB", ADULT), RECORDS["US/adult"], "XX/unknown",
            [
                ("region", "none that is known", "XX/unknown", AGREES, None),
                ("age", "adult (id_document)", "XX/unknown", AGREES, None),
                ("consent", "US, adult (id_document)", "XX/unknown", AGREES, None),
            ],
        ),
        (
            event_of(), record_of("IN/adult", birth_month="1990-01"), "XX/unknown",
            [
                ("region", "US", "US/unknown", CONFLICTS, None),
                ("consent", "IN, adult (id_document)", "XX/unknown", CONFLICTS, True),
            ],
        ),
        (event_of(age=ADULT), None, "US/adult", [US, ("age", "adult (id_document)", "US/adult", DECIDES, True)]),
        (
            event_of(age=ADULT), RECORDS["US/teen"], "US/teen",
            [
                US,
                ("age", "adult (id_document)", "US/adult", OUTWEIGHED, True),
                ("consent", "US, teen (id_document)", "US/teen", DECIDES, True),
            ],
        ),
        (
            event_of(age=CHILD), RECORDS["US/child"], "US/child",
            [
                US,
                ("age", "child (age_screen)", "US/child", AGREES, True),
                ("consent", "US, child (parent_link)", "US/child", AGREES, True),
            ],
        ),
        (
            event_of(age={"band": "adult", "source": "a_friend"}), RECORDS["US/adult"], "US/adult",
            [
                US,
                ("age", "adult (a_friend)", "US/unknown", OUTWEIGHED, False),
                ("consent", "US, adult (id_document)", "US/adult", DECIDES, True),
            ],
        ),
        (
            event_of(grade=4, child_age=14), RECORDS["US/adult"], "US/child",
            [
                US,
                ("properties.grade", "child", "US/child", DECIDES, None),
                ("properties.child_age", "teen", "US/unknown", OUTWEIGHED, None),
                ("consent", "US, adult (id_document)", "US/adult", OUTWEIGHED, True),
            ],
        ),
        (
            event_of(grade=4, child_age=7), RECORDS["US/adult"], "US/child",
            [
                US,
                ("properties.grade", "child", "US/child", AGREES, None),
                ("properties.child_age", "child", "US/child", AGREES, None),
                ("consent", "US, adult (id_document)", "US/adult", OUTWEIGHED, True),
            ],
        ),
        (
            event_of(dob="1980-05-04", grade=4), None, "US/child",
            [
                US,
                ("properties.dob", "adult", "US/unknown", OUTWEIGHED, None),
                ("properties.grade", "child", "US/child", DECIDES, None),
            ],
        ),
        (
            event_of(grade=4), RECORDS["US/child"], "US/child",
            [
                US,
                ("properties.grade", "child", "US/child", AGREES, None),
                ("consent", "US, child (parent_link)", "US/child", AGREES, True),
            ],
        ),
        (
            event_of(age=CHILD, grade=4), record_of("US/teen", birth_month=TURNS_13), "US/child",
            [
                US,
                ("age", "child (age_screen)", "US/child", AGREES, True),
                ("properties.grade", "child", "US/child", AGREES, None),
                ("consent", "US, teen (id_document)", "US/teen", OUTWEIGHED, True),
                ("birth_month", "child", "US/child", AGREES, None),
            ],
        ),
        (
            event_of(age=CHILD), record_of("US/teen", birth_month=TURNS_13), "US/child",
            [
                US,
                ("age", "child (age_screen)", "US/child", AGREES, True),
                ("consent", "US, teen (id_document)", "US/teen", OUTWEIGHED, True),
                ("birth_month", "child", "US/child", AGREES, None),
            ],
        ),
        (
            event_of(grade=4), record_of("US/teen", birth_month=TURNS_13), "US/child",
            [
                US,
                ("properties.grade", "child", "US/child", AGREES, None),
                ("consent", "US, teen (id_document)", "US/teen", OUTWEIGHED, True),
                ("birth_month", "child", "US/child", AGREES, None),
            ],
        ),
        (
            event_of(), record_of("US/teen", birth_month=TURNS_13), "US/child",
            [
                US,
                ("consent", "US, teen (id_document)", "US/teen", DECIDES, True),
                ("birth_month", "child", "US/child", DECIDES, None),
            ],
        ),
        (
            event_of(), record_of("US/child", birth_month=WAS_13), "US/unknown",
            [
                US,
                ("consent", "US, child (parent_link)", "US/child", OUTWEIGHED, True),
                ("birth_month", "teen, too old for this consent", "US/unknown", DECIDES, None),
            ],
        ),
        (
            event_of(age="adult"), RECORDS["US/adult"], "US/unknown",
            [
                US,
                ("age", "cannot be read", "US/unknown", DECIDES, None),
                ("consent", "US, adult (id_document)", "US/adult", OUTWEIGHED, True),
            ],
        ),
        *(
            (event_of(age=age), None, "US/unknown", [US, ("age", "cannot be read", "US/unknown", AGREES, None)])
            for age in ({"band": "adult"}, {"source": "id_document"}, {"band": 18, "source": "id_document"}, ["adult"])
        ),
    ],
)  # fmt: skip
def test_every_signal_is_told(
    event: dict[str, Any], record: dict[str, Any] | None, cohort: str, signals: list[Told]
) -> None:
    state = None if record is None else consents_of(record)["profile-0001"]
    assert told(event, state) == (cohort, signals)


@pytest.mark.parametrize("fault", list(ConsentFault))
def test_a_record_that_cannot_be_read_is_told_and_says_nothing(fault: ConsentFault) -> None:
    unread = ("consent", "cannot be read", "US/unknown")
    assert told(event_of(), fault) == ("US/unknown", [US, (*unread, AGREES, None)])
    adult = ("age", "adult (id_document)", "US/adult", DECIDES, True)
    assert told(event_of(age=ADULT), fault) == ("US/adult", [US, adult, (*unread, OUTWEIGHED, None)])


def test_an_age_is_told_wherever_it_stands_those_of_the_event_itself_first() -> None:
    event = {
        "your_age": 14,
        "age": {"band": "adult"},
        "device_id": "device-0001",
        "properties": {"child_age": 7, "a": {"dob": "1980-01-01", "b": [{"birthday": "?"}, 5]}},
        "list": [[{"grade": 4}]],
    }
    assert list(telling(event, NOW)) == [
        ("your_age", Age.TEEN),
        ("properties.child_age", Age.CHILD),
        ("properties.a.dob", Age.ADULT),
        ("list[0][0].grade", Age.CHILD),
        ("properties.a.b[0].birthday", Age.CHILD),
    ]
    assert list(telling({"event": "x", "time": 1, "properties": {"level": 7}}, NOW)) == []
