"""Canaries: what the publisher plants, the sanitizer keeps back and the sinks know (R35)."""

import dataclasses
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from pipeline.cli import canary as command
from pipeline.core.consent import parse_consent
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.deliver.batch import body_of
from pipeline.deliver.canaries import COHORTS, MARK, plants
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.schemas import event_schemas
from pipeline.workers import canary as room
from pipeline.workers.canary import Canaries, canaries, expect
from pipeline.workers.context import load_rules
from pipeline.workers.leaks import leak_scan
from pipeline.workers.trial import trial_context

NOW_MS = 1_795_643_809_405


def deployment(seed: str = "tests", policy: Path = DEMO_SETTINGS) -> Settings:
    return Settings.model_validate({"policy": {"settings_file": str(policy)}, "deliver": {"canary_seed": seed}})


def made(settings: Settings, now_ms: int = NOW_MS) -> Canaries:
    numbers = count()
    return canaries(settings, now_ms, lambda: f"event-{next(numbers)}")


def cleaned(settings: Settings, published: Canaries) -> list[bytes]:
    context = trial_context(*load_rules(settings), settings, NOW_MS)
    consents = {
        each["profile_id"]: parse_consent(each["profile_id"].encode(), msgspec.json.encode(each))
        for each in published.consents
    }
    outcomes = [o for event in published.events for o in sanitize(msgspec.json.encode(event), consents, context)]
    return [outcome.value for outcome in outcomes if isinstance(outcome, Clean)]


def test_every_cohort_sends_every_event_and_everything_that_takes_text() -> None:
    published = made(deployment())
    texts = {
        (name, key)
        for name, schema in event_schemas().items()
        for key, rule in schema["properties"].items()
        if rule.get("type") == "string" and "enum" not in rule
    }
    for cohort in COHORTS:
        mine = [event for event in published.events if event["profile_id"] == plants("tests", cohort).profile]
        assert {event["event"] for event in mine} == set(event_schemas())
        assert texts <= {(event["event"], key) for event in mine for key in event["properties"]}


def test_some_reach_the_sink_of_each_region_and_nothing_planted_is_in_them() -> None:
    settings = deployment()
    published = made(settings)
    expected = expect(settings, published, NOW_MS)
    values = cleaned(settings, published)
    assert expected.reach[Region.US] > 0
    assert expected.reach[Region.IN] > 0
    assert len(values) == sum(expected.reach.values())
    assert len(values) + expected.stay == len(published.events)
    assert all(MARK in value for value in values)
    assert leak_scan(load_rules(settings)[1], settings).scan(body_of(values), values) == []


def test_the_sink_knows_every_one_of_them_that_nobody_sanitized() -> None:
    settings = deployment()
    raw = [
        msgspec.json.encode({"event": event["event"], "properties": event["properties"]})
        for event in made(settings).events
    ]
    hits = leak_scan(load_rules(settings)[1], settings).scan(body_of(raw), raw)
    assert [hit.number for hit in hits] == list(range(len(raw)))
    assert all("canary" in hit.kinds for hit in hits)


def test_a_run_repeats_the_consents_of_the_one_before_it() -> None:
    settings = deployment()
    assert made(settings).consents == made(settings, NOW_MS + 3_600_000).consents
    assert made(settings).consents != made(deployment("another seed")).consents


def test_with_the_shipped_settings_nothing_leaves_and_nothing_reaches_a_sink() -> None:
    settings = Settings()
    assert sum(expect(settings, made(settings), NOW_MS).reach.values()) == 0


def test_they_are_not_published_where_the_rules_take_their_mark_off(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = deployment()
    published = made(settings)
    for event in published.events:
        del event["properties"]["$app_version_string"]
    with pytest.raises(ConfigError, match="Mixpanel would get their events"):
        expect(settings, published, NOW_MS)


def test_a_cohort_without_a_notice_has_no_consent() -> None:
    settings = deployment()
    policy, _ = load_rules(settings)
    bare: Any = dataclasses.replace(policy, notices={})
    assert room._consent(Cohort.US_ADULT, plants("tests", "US/adult"), bare, NOW_MS) is None


def test_published_again_and_again_where_nothing_else_has_a_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    class OverError(Exception):
        pass

    rounds: list[int] = []
    pauses = iter([None, None, OverError()])

    def sleep(seconds: float) -> None:
        assert seconds == 900
        if (pause := next(pauses)) is not None:
            raise pause

    monkeypatch.setattr(command, "publish", lambda _settings, made: rounds.append(len(made.events)))
    monkeypatch.setattr("pipeline.cli.canary.time.sleep", sleep)
    result = CliRunner().invoke(command.canary, ["publish", "--every", "900"])
    assert isinstance(result.exception, OverError), result.output
    assert len(rounds) == 3
    assert len(set(rounds)) == 1
    rounds.clear()
    assert CliRunner().invoke(command.canary, ["publish"]).exit_code == 0
    assert len(rounds) == 1
