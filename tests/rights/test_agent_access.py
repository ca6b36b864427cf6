"""Access to the privacy API: the region's own host, and a token that can be renewed while the worker runs."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.ops.credentials import privacy_access
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings

SECRET = "canary-oauth-77"


def settings(region: str, **changes: Any) -> Settings:
    project = {"token": "canary-token", "privacy_token": SECRET} | changes
    return Settings.model_validate({"mixpanel": {region: {k: v for k, v in project.items() if v is not None}}})


@pytest.mark.parametrize(("region", "host"), [("us", "https://mixpanel.com"), ("in", "https://in.mixpanel.com")])
def test_each_region_has_its_own_host(region: str, host: str) -> None:
    access = privacy_access(settings(region), region)
    assert access is not None
    assert (access.app_host, access.region, access.compliance_type, access.bearer()) == (host, region, "CCPA", SECRET)
    assert "canary" not in repr(access)
    assert privacy_access(settings(region), "in" if region == "us" else "us") is None


@pytest.mark.parametrize(
    "address",
    ["https://in.mixpanel.com", "http://mixpanel.com", "https://mixpanel.com/api", "https://canary@mixpanel.com",
     "https://mixpanel.com.example", "mixpanel.com"],
)  # fmt: skip
def test_a_host_that_is_not_the_region_s_own_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"COPPICE_MIXPANEL__US__APP_HOST .*valid: https://mixpanel\.com$") as caught:
        privacy_access(settings("us", app_host=address), "us")
    assert "canary" not in str(caught.value)


def test_the_token_file_is_read_for_each_use(tmp_path: Path) -> None:
    path = tmp_path / "token"
    access = privacy_access(settings("us", privacy_token=None, privacy_token_file=path), "us")
    assert access is not None
    assert access.bearer() is None
    for content, token in (("one\n", "one"), ("two", "two"), (" \n", None), ("a\nb", None), ("ключ", None)):
        path.write_text(content, encoding="utf-8")
        assert access.bearer() == token
    path.write_bytes(b"\xff")
    assert access.bearer() is None


def test_without_a_token_there_is_access_and_no_bearer() -> None:
    access = privacy_access(settings("us", privacy_token=None), "us")
    assert access is not None
    assert access.bearer() is None


def test_token_and_file_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="privacy_token or privacy_token_file, not both"):
        settings("us", privacy_token_file="/x")
