"""Every reason, predicate, action and cohort is said in words; one without would end in a traceback on somebody."""

from collections.abc import Mapping
from enum import Enum

import pytest

from pipeline.core import words
from pipeline.core.outcome import DropReason, RejectReason
from pipeline.policy.compiled import Predicate
from pipeline.policy.vocabulary import Action, Cohort, Purpose, StripReason
from pipeline.workers.policy_page import FORMS


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (words.COHORTS, Cohort),
        (words.PURPOSES, Purpose),
        (words.PREDICATES, Predicate),
        (words.DROPPED, DropReason),
        (words.REJECTED, RejectReason),
        (words.STRIPPED, StripReason),
        (words.ACTIONS, Action),
        (FORMS, Action),
    ],
)
def test_each_has_words_of_its_own(said: Mapping[Enum, object], kind: type[Enum]) -> None:
    assert set(said) == set(kind)
    assert len(set(said.values())) == len(kind)


@pytest.mark.parametrize("meaning", [*words.PREDICATES.values(), *words.DROPPED.values()])
def test_each_names_requirement_and_section(meaning: words.Meaning) -> None:
    assert meaning.rule.startswith(("R", "J"))
    assert len(meaning.law) > 3
