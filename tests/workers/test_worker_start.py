"""What is wrong before anything is consumed: one message that names the setting, exit status 2, no traceback."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.ops.settings import load_settings
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import create_topics
from pipeline.workers.key_file import create_key_file

MIXPANEL = {
    "COPPICE_MIXPANEL__US__TOKEN": "t",
    "COPPICE_MIXPANEL__US__PROJECT_ID": "1",
    "COPPICE_MIXPANEL__IN__TOKEN": "t2",
    "COPPICE_MIXPANEL__IN__PROJECT_ID": "2",
}


def _run(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COPPICE_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "worker", *arguments],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    """Settings that would do, but for the broker."""
    keys = tmp_path / "keys.json"
    create_key_file(keys, 0)
    return MIXPANEL | {"COPPICE_KEYS_FILE": str(keys), "COPPICE_POLICY__SETTINGS_FILE": str(DEMO_SETTINGS)}


CASES: dict[str, tuple[tuple[str, ...], dict[str, str | None], str]] = {
    "broker away": (("sanitize",), {"COPPICE_KAFKA__BOOTSTRAP": "127.0.0.1:1"}, "kafka.bootstrap"),
    "no keys": (("sanitize",), {"COPPICE_KEYS_FILE": None}, "COPPICE_KEYS_FILE"),
    "misspelt setting": (("sanitize",), {"COPPICE_KAFKA__BOOSTRAP": "x:1"}, "COPPICE_KAFKA__BOOSTRAP"),
    "bad value": (("sanitize",), {"COPPICE_OPS__PORT": "x"}, "COPPICE_OPS__PORT"),
    "no token": (("sanitize",), {"COPPICE_MIXPANEL__US__TOKEN": None}, "COPPICE_MIXPANEL__US__TOKEN"),
    "no credentials": (("deliver", "--region", "us"), {}, "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_USER"),
    "all regions in one place": (
        ("sanitize", "--region", "all"),
        {"COPPICE_POLICY__SETTINGS_FILE": None},
        "region.processing_location",
    ),
    "no settings file": (("sanitize",), {"COPPICE_POLICY__SETTINGS_FILE": "nowhere.yaml"}, "nowhere.yaml"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_message_that_names_the_setting(case: str, good: dict[str, str]) -> None:
    arguments, changes, named = CASES[case]
    environment = {k: v for k, v in {**good, **changes}.items() if v is not None}
    status, text = _run(environment, *arguments)
    assert status == 2, text
    assert named in text
    assert "Traceback" not in text


def test_workers_refuse_topics_that_differ(
    kafka: EmbeddedKafka, good: dict[str, str], topic_name: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = topic_name("wrong") + "."
    place = {"COPPICE_KAFKA__BOOTSTRAP": kafka.bootstrap, "COPPICE_KAFKA__TOPIC_PREFIX": prefix}
    status, text = _run(good | place, "sanitize")
    assert status == 2
    assert "coppice topics create" in text
    for name, value in {**place, "COPPICE_KAFKA__PARTITIONS": "2"}.items():
        monkeypatch.setenv(name, value)
    create_topics(load_settings())
    status, text = _run(good | place | {"COPPICE_KAFKA__PARTITIONS": "3"}, "sanitize")
    assert status == 2
    assert "has 2 partitions, kafka.partitions says 3" in text
    assert "Traceback" not in text
