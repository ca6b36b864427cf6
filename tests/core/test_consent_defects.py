"""Texts and languages of the notice, and one reason for each defect of a consent (R08)."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from tests.core.worlds import NOW, OPEN, merged, raw_event, record_of, world

GRANTED = ["US/child", "US/teen", "US/adult", "IN/adult"]


def why(outcome: Outcome) -> DropReason | None:
    return outcome.reason if isinstance(outcome, Dropped) else None


TEXTS = {"consent": {"notice_hashes": {"2026-04": ["3f5a", "91c0"]}}}
COHORT_KEYS = ("us_child", "us_teen", "us_adult", "in_adult")
LANGUAGES = {"consent": {"notice_languages": {"us": ["en", "es"], "in": ["hi", "en"]}}}


@pytest.mark.parametrize("cohort", GRANTED)
def test_notice_with_known_texts_needs_one_of_them(cohort: str) -> None:
    answers = merged(OPEN, TEXTS)
    for text, leaves in (("3f5a", True), ("91c0", True), ("3F5A", False), ("3f5a ", False), (None, False)):
        outcome = world(answers, records=(record_of(cohort, notice_hash=text),)).one(raw_event(region=cohort[:2]))
        assert isinstance(outcome, Clean) == leaves, text
        assert leaves or why(outcome) is DropReason.CONSENT_NOTICE_HASH
    # the texts of one version say nothing about another
    both = merged(answers, {"consent": {"notice_versions": {key: ["2026-04", "2026-12"] for key in COHORT_KEYS}}})
    newer = record_of(cohort, notice_version="2026-12", notice_hash=None)
    assert isinstance(world(both, records=(newer,)).one(raw_event(region=cohort[:2])), Clean)


@pytest.mark.parametrize("text", [None, "3f5a", "anything"])
def test_notice_whose_texts_nobody_lists_is_not_held_to_one(text: str | None) -> None:
    assert isinstance(world(OPEN, records=(record_of("US/child", notice_hash=text),)).one(raw_event()), Clean)


@pytest.mark.parametrize("cohort", GRANTED)
def test_consent_in_a_language_without_a_notice_is_void(cohort: str) -> None:
    accepted = {"US": {"en", "es"}, "IN": {"hi", "en"}}[cohort[:2]]
    for language in ("en", "es", "hi", "EN", "en-US", "tlh"):
        record = record_of(cohort, language=language)
        outcome = world(OPEN, LANGUAGES, records=(record,)).one(raw_event(region=cohort[:2]))
        assert isinstance(outcome, Clean) == (language in accepted), language
        assert language in accepted or why(outcome) is DropReason.CONSENT_LANGUAGE
        assert isinstance(
            world(OPEN, records=(record,)).one(raw_event(region=cohort[:2])), Clean
        )  # where none is listed, any counts


def test_texts_of_a_notice_that_is_not_in_force_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("consent:\n  notice_hashes: {2026-40: [3f5a]}\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"settings\.yaml:2: consent\.notice_hashes\.2026-40: no cohort"):
        load_policy(path)


DEFECTS: dict[str, tuple[dict[str, Any], DropReason]] = {  # of a US child's consent, each alone
    "unreadable": ({"granted_at": "today"}, DropReason.CONSENT_UNREADABLE),
    "withdrawn": ({"withdrawn_at": NOW - 1}, DropReason.CONSENT_WITHDRAWN),
    "not yet granted": ({"granted_at": NOW + 1}, DropReason.CONSENT_IN_FUTURE),
    "outgrown": ({"birth_month": "2013-10"}, DropReason.CONSENT_OUTGROWN),
    "expired": ({"expires_at": NOW}, DropReason.CONSENT_EXPIRED),
    "another notice": ({"notice_version": "2025-01"}, DropReason.CONSENT_NOTICE),
    "another text": ({"notice_hash": "0000"}, DropReason.CONSENT_NOTICE_HASH),
    "no notice in the language": ({"language": "fr"}, DropReason.CONSENT_LANGUAGE),
    "granted after the event": ({"granted_at": NOW - 60_000}, DropReason.BEFORE_CONSENT),
    "granted by the child": ({"grantor": {"role": "self"}}, DropReason.CONSENT_GRANTOR),
    "granted by somebody": ({"grantor": {"adult_verified": False}}, DropReason.CONSENT_UNVERIFIED),
    "unknown method": ({"method": "carrier_pigeon"}, DropReason.CONSENT_METHOD),
    "not to analytics": ({"purposes": {"analytics": False}}, DropReason.NO_ANALYTICS_CONSENT),
    "not to disclosure": ({"purposes": {"third_party_disclosure": False}}, DropReason.NO_DISCLOSURE_CONSENT),
}


def test_each_defect_has_a_reason_of_its_own() -> None:
    answers = merged(merged(OPEN, TEXTS), LANGUAGES)
    good = record_of("US/child", notice_hash="3f5a", birth_month="2015-04")
    assert isinstance(world(answers, records=(good,)).one(raw_event()), Clean)
    for defect, (change, reason) in DEFECTS.items():
        event = raw_event() if reason is not DropReason.CONSENT_OUTGROWN else raw_event(time=NOW, received_at=NOW)
        assert why(world(answers, records=(merged(good, change),)).one(event)) is reason, defect
    assert len({reason for _, reason in DEFECTS.values()}) == len(DEFECTS)
