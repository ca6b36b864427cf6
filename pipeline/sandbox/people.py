"""The invented players of the sandbox: region, age, and what they or their parents have agreed to."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any
from uuid import UUID

DAY_MS = 86_400_000

_BANDS = ("child", "child", "teen", "adult", "adult", "adult", "unknown")
_US_PARENT_METHODS = ("card_payment", "video_call", "email_plus")
_HAS_RECORD, _ANALYTICS, _DISCLOSURE, _MARKETING, _WITHDRAWN = (
    0.85,
    0.9,
    0.8,
    0.3,
    0.08,
)  # shares of the players


@dataclass(frozen=True, slots=True)
class Player:
    """One profile of the app. consent: the record as a consent service publishes it, None if never asked."""

    profile_id: str
    device_id: str
    region: str
    band: str
    age_source: str
    platform: str
    consent: dict[str, Any] | None


def make_player(random: Random, profile_id: str, now: int) -> Player:
    """Invent a player whose consent, if any, was granted in the last 90 days before `now` (milliseconds)."""
    region, band = random.choice(("US", "IN")), random.choice(_BANDS)
    # who needs a parent: 16 CFR 312.2, DPDP Act s.2(f)
    minor = band == "child" or (band == "teen" and region == "IN")
    source = "parent_link" if minor else random.choice(("id_document", "id_document", "self_declared"))
    player = Player(
        profile_id=profile_id,
        device_id=make_id(random),
        region=region,
        band=band,
        age_source="age_screen" if random.getrandbits(1) else source,
        platform=random.choice(("ios", "android")),
        consent=None,
    )
    if band == "unknown" or random.random() > _HAS_RECORD:
        return player
    return replace(player, consent=_consent(random, player, source, minor=minor, now=now))


def make_id(random: Random) -> str:
    """Return a random UUID, the same for the same seed."""
    return str(UUID(int=random.getrandbits(128), version=4))


def _consent(random: Random, player: Player, source: str, *, minor: bool, now: int) -> dict[str, Any]:
    in_us = random.choice(_US_PARENT_METHODS) if minor else "in_app"
    method = "digilocker" if player.region == "IN" else in_us
    record = {
        "profile_id": player.profile_id,
        "consent_id": make_id(random),
        "region": player.region,
        "age": {"band": player.band, "source": source},
        "grantor": {"role": "parent" if minor else "self", "adult_verified": minor},
        "method": method,
        "purposes": {
            "analytics": random.random() < _ANALYTICS,
            "third_party_disclosure": method != "email_plus" and random.random() < _DISCLOSURE,
            "marketing": random.random() < _MARKETING,
        },
        "notice_version": "2026-04",
        "language": random.choice(("en", "hi")) if player.region == "IN" else "en",
        "granted_at": now - random.randint(1, 90) * DAY_MS,
    }
    if minor:
        record["relation"] = random.choice(("mother", "father"))
    if random.random() < _WITHDRAWN:
        record["withdrawn_at"] = now - random.randint(1, 24) * DAY_MS // 24
    return record
