import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings, load_settings
from pipeline.ops.settings_names import env_name, leaves

CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("COPPICE_"):
            monkeypatch.delenv(name)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_what_the_documentation_says() -> None:
    settings = load_settings()
    assert settings.kafka.bootstrap == "localhost:9092"
    assert settings.kafka.partitions == 24
    assert settings.deliver.max_events == 2000
    assert settings.deliver.max_bytes == 1_900_000
    assert settings.ops.bind == "127.0.0.1"
    assert settings.ops.port == 9108
    assert settings.mixpanel.us.host == "https://api.mixpanel.com"
    assert settings.mixpanel.in_.host == "https://api-in.mixpanel.com"
    assert settings.mixpanel.us.token is None


def test_environment_wins_over_file_and_file_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path, "kafka: {bootstrap: 'file:1', partitions: 6}\nmixpanel: {in: {project_id: 77}}\n")
    monkeypatch.setenv("COPPICE_KAFKA__BOOTSTRAP", "one:9092, two:9093")
    monkeypatch.setenv("COPPICE_MIXPANEL__IN__TOKEN", CANARY)
    settings = load_settings(config)
    assert settings.kafka.bootstrap == "one:9092,two:9093"
    assert settings.kafka.partitions == 6
    assert settings.kafka.replication == 1
    assert settings.mixpanel.in_.project_id == "77"
    assert settings.mixpanel.in_.token == SecretStr(CANARY)
    assert settings.mixpanel.in_.host == "https://api-in.mixpanel.com"


def test_every_setting_can_be_given_by_its_environment_name(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {
        "kafka.bootstrap": "b:1",
        "mixpanel.us.project_id": "12",
        "mixpanel.in.project_id": "12",
        "mixpanel.us.compliance_type": "GDPR",
        "mixpanel.in.compliance_type": "GDPR",
        "rights.deadline_days": "31",
        "ops.log_level": "DEBUG",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.security.sasl_mechanism": "PLAIN",
        "mixpanel.us.residency_check": "canary",
        "mixpanel.in.residency_check": "off",
    }
    files = ("service_account_secret_file", "privacy_token_file")
    skipped = {f"mixpanel.{region}.{name}" for region in ("us", "in") for name in files}
    skipped |= {"kafka.security.sasl_password_file", "keys_file"}  # each of them excludes its secret
    wanted = {}
    defaults = load_settings()
    for leaf in leaves(Settings):
        dotted = ".".join(leaf.path)
        if dotted in skipped:
            continue
        default = value_at(defaults, leaf.path)
        value = odd.get(dotted, str(default + 1) if isinstance(default, int | float) and default < 24 else "1234")
        wanted[leaf.path] = value.lower()
        monkeypatch.setenv(env_name("COPPICE_", leaf.path), value)
    settings = load_settings()
    for path, value in wanted.items():
        got = value_at(settings, path)
        assert str(got.get_secret_value() if isinstance(got, SecretStr) else got).lower() in {
            value,
            f"{value}.0",
        }


def value_at(settings: Settings, path: tuple[str, ...]) -> object:
    at: object = settings
    for part in path:
        at = getattr(at, "in_" if part == "in" else part)
    return at


def test_config_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_CONFIG", str(write(tmp_path, "ops: {port: 0}")))
    monkeypatch.setenv("COPPICE_CACHE_DIR", str(tmp_path))
    assert load_settings().ops.port == 0


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_KAFKA__INSTANCE_ID", "")
    assert load_settings().kafka.instance_id is None


def test_empty_file_is_fine(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "# nothing yet\n")) == load_settings()


def test_every_wrong_setting_is_listed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(
        tmp_path,
        f"""
kafka: {{bootstrp: x, bootstrap: "kafka://a:1", partitions: 0}}
mixpanel:
  us: {{token: [{CANARY}], project_id: abc}}
  in: {{service_account_secret: {CANARY}, service_account_secret_file: /x}}
ops: {{log_level: LOUD, port: 70000}}
deliver: {{retry_base_s: 100, linger_s: .nan}}
polcy: {CANARY}
""",
    )
    monkeypatch.setenv("COPPICE_KAFKA__REPLICATION", "none")
    monkeypatch.setenv("COPPICE_KAFKA", "{}")
    monkeypatch.setenv("COPPICE_OPS__PROT", CANARY)
    monkeypatch.setenv("COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRT", CANARY)
    with pytest.raises(ConfigError) as caught:
        load_settings(config)
    text = str(caught.value)
    named = re.findall(r"^  (COPPICE_\w+)", text, re.MULTILINE)
    assert named == sorted(
        [
            "COPPICE_DELIVER__LINGER_S",
            "COPPICE_KAFKA",
            "COPPICE_KAFKA__BOOTSTRAP",
            "COPPICE_KAFKA__BOOTSTRP",
            "COPPICE_KAFKA__PARTITIONS",
            "COPPICE_KAFKA__REPLICATION",
            "COPPICE_MIXPANEL__IN",
            "COPPICE_MIXPANEL__US__PROJECT_ID",
            "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRT",
            "COPPICE_MIXPANEL__US__TOKEN",
            "COPPICE_OPS__LOG_LEVEL",
            "COPPICE_OPS__PORT",
            "COPPICE_OPS__PROT",
            "COPPICE_POLCY",
        ]
    )
    assert text.startswith("14 wrong settings:")
    assert CANARY not in text
    assert caught.value.__suppress_context__
    assert "given 'none'" in text
    assert "did you mean COPPICE_OPS__PORT (ops.port)?" in text
    assert "'debug', 'info', 'warning' or 'error'" in text


def test_secret_that_looks_like_a_number_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"COPPICE_MIXPANEL__US__TOKEN .*given a secret value") as caught:
        load_settings(write(tmp_path, "mixpanel: {us: {token: 77117711}}"))
    assert "77117711" not in str(caught.value)


def test_values_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"COPPICE_DELIVER \(deliver\): retry_cap_s must not be below retry_base_s"):
        load_settings(write(tmp_path, "deliver: {retry_base_s: 100}"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"kafka: [{CANARY}", "line 1, column .* is not valid YAML"),
        (f"kafka: {{}}\nkafka: {CANARY}\n", "is not valid YAML .DuplicateKeyError"),
        (f"- {CANARY}", "must be a mapping"),
        ("1: 2", "must be a mapping"),
        ("_env_file: /etc/other", "must be a mapping"),
        (f"kafka: {CANARY}", "COPPICE_KAFKA .kafka.: Input should be a valid dictionary"),
        (f"kafka: {{3: {CANARY}}}", "COPPICE_KAFKA__3"),
    ],
)
def test_unusable_file(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(write(tmp_path, content))
    assert CANARY not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml cannot be read: No such file"):
        load_settings(tmp_path / "absent.yaml")


def test_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_settings(path)


def test_secrets_do_not_show_in_the_settings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_MIXPANEL__US__TOKEN", CANARY)
    monkeypatch.setenv("COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRET", CANARY)
    settings = load_settings()
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize("bootstrap", ["host", ":1", "host:0", "host:70000", "a:1,", "a:1;b:2", "a:x", "kafka://a:1"])
def test_bootstrap_that_no_client_understands(bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPPICE_KAFKA__BOOTSTRAP", bootstrap)
    with pytest.raises(ConfigError, match=r"COPPICE_KAFKA__BOOTSTRAP .*give host:port"):
        load_settings()


def models(model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field.description
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from models(field.annotation)


def test_every_setting_has_a_description() -> None:
    without = [name for name, description in models(Settings) if not description]
    assert without == []
