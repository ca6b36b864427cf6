"""The page about consent names every reason that a consent can be refused for, and no other."""

import re
from pathlib import Path

from pipeline.core.outcome import DropReason

PAGE = (Path(__file__).parents[2] / "docs" / "consent.md").read_text(encoding="utf-8")
NEVER_GIVEN = {"consent_region"}  # two regions are a region_conflict


def test_every_reason_about_consent_is_on_the_page() -> None:
    about = {reason.value for reason in DropReason if re.search("consent|vendor", reason.value)} - NEVER_GIVEN
    assert {reason for reason in about if f"`{reason}`" not in PAGE} == set()


def test_every_reason_on_the_page_exists() -> None:
    named = set(re.findall(r"`((?:consent|no|vendor|before|region|india|identity|kill)_[a-z_]+)`", PAGE))
    assert len(named) > 15
    assert named - set(DropReason) - {"no_consent"} == set()
