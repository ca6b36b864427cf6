from pathlib import Path
from typing import Any

import pytest
from mixpanel import ServiceAccountCredentials

from pipeline.ops.credentials import require_mixpanel
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings

SECRET = "canary-secret-91"
COMPLETE = {
    "project_id": "123",
    "token": "canary-token-17",
    "service_account_user": "robot.abc",
    "service_account_secret": SECRET,
}


def settings(region: str, **changes: Any) -> Settings:
    project = {name: value for name, value in {**COMPLETE, **changes}.items() if value is not None}
    return Settings(mixpanel={region: project})


@pytest.mark.parametrize(
    ("region", "host"), [("us", "https://api.mixpanel.com"), ("in", "https://api-in.mixpanel.com")]
)
def test_complete_project(region: str, host: str) -> None:
    project = require_mixpanel(settings(region), region)
    assert (project.region, project.host, project.project_id) == (region, host, "123")
    assert project.token == COMPLETE["token"]
    assert isinstance(project.credentials, ServiceAccountCredentials)
    assert project.credentials.username == "robot.abc"
    assert project.credentials.secret == SECRET
    assert project.credentials.project_id == "123"
    assert "canary" not in repr(project)


@pytest.mark.parametrize("region", ["us", "in"])
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, None) for name in COMPLETE] + [(name, " ") for name in COMPLETE if name != "project_id"],
)
def test_missing_setting_is_named(region: str, name: str, value: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        require_mixpanel(settings(region, **{name: value}), region)
    assert f"set COPPICE_MIXPANEL__{region.upper()}__{name.upper()}" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_one_region_does_not_lend_its_project_to_the_other() -> None:
    with pytest.raises(ConfigError, match="COPPICE_MIXPANEL__IN__PROJECT_ID, COPPICE_MIXPANEL__IN__TOKEN"):
        require_mixpanel(settings("us"), "in")


def test_unknown_region() -> None:
    with pytest.raises(ConfigError, match="valid: us, in"):
        require_mixpanel(settings("us"), "eu")


def test_secret_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    made = settings("us", service_account_secret=None, service_account_secret_file=path)
    assert require_mixpanel(made, "us").credentials.secret == SECRET


def test_user_and_secret_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"robot.new\n{SECRET}\n")
    for user in ("robot.abc", None):
        without = {"service_account_secret": None, "service_account_secret_file": path, "service_account_user": user}
        found = require_mixpanel(settings("us", **without), "us").credentials
        assert (found.username, found.secret) == ("robot.new", SECRET)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b" \n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"a\nb\nc", "must hold"),
    ],
)
def test_secret_file_that_cannot_serve(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    made = settings("us", service_account_secret=None, service_account_secret_file=path)
    with pytest.raises(ConfigError, match=f"COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRET_FILE: .*{message}"):
        require_mixpanel(made, "us")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us", "https://api-in.mixpanel.com"),
        ("in", "https://api.mixpanel.com"),
        ("us", "https://api-eu.mixpanel.com"),
        ("in", "https://api-eu.mixpanel.com"),
        ("us", "http://api.mixpanel.com"),
        ("us", "https://api.mixpanel.com.evil.example"),
        ("us", "https://api.mixpanel.com:8443"),
        ("us", "https://api.mixpanel.com/import"),
        ("us", "https://api.mixpanel.com?x=canary"),
        ("us", "https://user:canary@api.mixpanel.com"),
        ("us", "https://localhost.example.com"),
        ("us", "http://10.0.0.1"),
        ("us", "http://127.0.0.1:x"),
        ("us", "api.mixpanel.com"),
        ("us", "ftp://127.0.0.1"),
        ("us", ""),
    ],
)
def test_host_that_is_refused(region: str, host: str) -> None:
    with pytest.raises(ConfigError, match=f"COPPICE_MIXPANEL__{region.upper()}__HOST .*valid: https://api") as caught:
        require_mixpanel(settings(region, host=host), region)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:1", "http://[::1]:1"),
        ("https://127.8.8.8", "https://127.8.8.8"),
        ("https://API.mixpanel.com:443/", "https://api.mixpanel.com"),
    ],
)
def test_host_that_is_accepted(given: str, used: str) -> None:
    assert require_mixpanel(settings("us", host=given), "us").host == used
