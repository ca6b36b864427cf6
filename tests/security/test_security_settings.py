"""One group of settings for both client libraries, and a table of rights that covers every topic."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from faust import SASLCredentials, SSLCredentials
from pydantic import ValidationError

from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from pipeline.ops.kafka_security import KafkaSecuritySettings
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.acls import ROLES, acls, markdown
from pipeline.stream.client_config import client_config
from pipeline.stream.faust_security import faust_credentials
from pipeline.stream.topics import CONSENT, RAW, TOPICS


def secured(**values: Any) -> KafkaSecuritySettings:
    return KafkaSecuritySettings.model_validate(values)


def test_an_open_connection_is_the_default_and_says_so() -> None:
    assert client_config(KafkaSettings())["security.protocol"] == "PLAINTEXT"
    assert faust_credentials(KafkaSecuritySettings()) is None


def test_a_password_reaches_both_libraries_and_no_repr(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hidden-word\n")
    security = secured(protocol="SASL_SSL", sasl_username="sanitize", sasl_password_file=tmp_path / "password")
    config = client_config(KafkaSettings(security=security))
    assert (config["sasl.mechanism"], config["sasl.username"]) == ("SCRAM-SHA-512", "sanitize")
    assert config["sasl.password"] == "hidden-word"
    credentials = faust_credentials(security)
    assert isinstance(credentials, SASLCredentials)
    assert (credentials.username, credentials.password) == ("sanitize", "hidden-word")
    assert credentials.mechanism.value == "SCRAM-SHA-512"
    assert isinstance(credentials.ssl_context, ssl.SSLContext)
    assert credentials.ssl_context.check_hostname
    assert credentials.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert "hidden-word" not in repr(secured(protocol="SASL_SSL", sasl_username="a", sasl_password="hidden-word"))


def test_a_certificate_of_our_own_reaches_both_libraries(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("sanitize.example")
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca_file", "certificate_file", "key_file")}
    authority.cert_pem.write_to_path(paths["ca_file"])
    issued.cert_chain_pems[0].write_to_path(paths["certificate_file"])
    issued.private_key_pem.write_to_path(paths["key_file"])
    security = secured(protocol="SSL", **paths)
    config = client_config(KafkaSettings(security=security))
    assert config["ssl.certificate.location"] == str(paths["certificate_file"])
    assert config["ssl.key.location"] == str(paths["key_file"])
    assert isinstance(faust_credentials(security), SSLCredentials)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"protocol": "SASL_SSL"}, "needs sasl_username"),
        ({"protocol": "SASL_SSL", "sasl_username": "a"}, "needs sasl_username and sasl_password"),
        ({"sasl_username": "a", "sasl_password": "b"}, "does not use one"),
        ({"ca_file": "x.pem"}, "does not use any"),
        ({"protocol": "SSL", "key_file": "x.pem"}, "go together"),
        (
            {"protocol": "SASL_SSL", "sasl_username": "a", "sasl_password": "b", "sasl_password_file": "c"},
            "not both",
        ),
        ({"protocol": "TLS"}, "SASL_SSL"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        secured(**values)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_password_file_that_holds_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    security = secured(protocol="SASL_SSL", sasl_username="a", sasl_password_file=path)
    with pytest.raises(ConfigError, match="COPPICE_KAFKA__SECURITY__SASL_PASSWORD_FILE"):
        security.password()


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_certificate_file_that_holds_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(ConfigError, match="ca_file"):
        faust_credentials(secured(protocol="SSL", ca_file=tmp_path / "ca.pem"))


def test_every_topic_has_somebody_who_writes_and_somebody_who_reads() -> None:
    everything = {topic.name for topic in TOPICS}
    assert {name for role in ROLES for name in role.writes} == everything
    assert {name for role in ROLES for name in role.reads} == everything


def test_whoever_sends_to_mixpanel_never_sees_what_came_from_the_app() -> None:
    for role in ROLES:
        if role.name.startswith(("deliver", "aggregate", "auditor", "rights")):
            assert RAW not in role.reads
        if role.name.startswith(("deliver", "aggregate", "auditor")):
            assert CONSENT not in role.reads


def test_the_access_list_is_printed_for_the_clusters_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_KAFKA__TOPIC_PREFIX", "kids.")
    result = CliRunner().invoke(cli, ["topics", "acls", "--principal-prefix", "coppice-"])
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert "--add --allow-principal User:coppice-backend --operation Write --topic kids.events.raw" in lines
    replay = "--operation Read --group coppice-replay- --resource-pattern-type prefixed"
    assert f"--add --allow-principal User:coppice-replay {replay}" in lines
    assert len(lines) == len(list(acls(KafkaSettings(topic_prefix="kids."))))


def test_the_page_shows_the_table() -> None:
    assert markdown() in (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
