"""Every setting of a deployment, declared once.

Precedence, weakest first: the defaults below, the YAML file, the environment. `mixpanel.us.token` in the file
is `COPPICE_MIXPANEL__US__TOKEN` in the environment. Names that nobody declared are errors, so that a typing
mistake never silently leaves a default in force. A variable that is set but empty counts as not set.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipeline.ops.errors import ConfigError
from pipeline.ops.kafka_security import KafkaSecuritySettings
from pipeline.ops.settings_names import explain, read_environment, unknown_environment

PREFIX = "COPPICE_"
MAX_PORT = 65535
BROKER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def _brokers(value: str) -> str:
    """Accept `host:port[,host:port…]`; Faust and librdkafka fail late and unclearly on anything else."""
    brokers = [broker.strip() for broker in value.split(",")]
    for broker in brokers:
        match = BROKER.fullmatch(broker)
        if match is None or not 0 < int(match["port"]) <= MAX_PORT:
            raise ValueError("give host:port, several separated by commas and without a scheme")
    return ",".join(brokers)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Brokers = Annotated[str, AfterValidator(_brokers)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
TopicPrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=100)]
GroupPrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=100)]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True)


class KafkaSettings(_Group):
    """Where the broker is and how this deployment names and sizes things on it."""

    bootstrap: Brokers = Field("localhost:9092", description="Kafka brokers as host:port, comma separated.")
    topic_prefix: TopicPrefix = Field("", description="Text put before every topic name, to share one cluster.")
    group_prefix: GroupPrefix = Field("coppice", description="First part of every consumer group's name.")
    partitions: int = Field(24, ge=1, le=10_000, description="Partitions of the event and consent topics.")
    replication: int = Field(1, ge=1, le=10, description="Copies of each partition that the cluster keeps.")
    instance_id: str | None = Field(
        None,
        min_length=1,
        description="Static group member name, unique per process; restarts then move nothing.",
    )
    security: KafkaSecuritySettings = Field(
        default_factory=KafkaSecuritySettings, description="Encryption and authentication."
    )


class PolicySettings(_Group):
    """Which legal choices and which event contract are in force."""

    settings_file: Path | None = Field(None, description="YAML laid over the shipped, conservative policy settings.")
    registry_dir: Path | None = Field(None, description="Directory of event schemas; unset means the shipped ones.")


class RegionMixpanelSettings(_Group):
    """One Mixpanel project and the service account that may write to it."""

    host: str = Field(description="Base address of Mixpanel's ingestion API for this region.")
    project_id: str | None = Field(
        None,
        pattern=r"^[0-9]+$",
        coerce_numbers_to_str=True,
        description="Numeric id of the Mixpanel project.",
    )
    token: SecretStr | None = Field(None, description="Token of that project, written into each event.")
    service_account_user: str | None = Field(None, description="User name of the Mixpanel service account.")
    service_account_secret: SecretStr | None = Field(None, description="Secret of the Mixpanel service account.")
    service_account_secret_file: Path | None = Field(
        None,
        description="File that holds the service account's secret, or its user name and secret on a line each; read"
        " again when it changes, so that the account is renewed without a restart; use it or the secret, not both.",
    )
    residency_check: Literal["off", "probe", "canary"] = Field(
        "probe",
        description="What a deliver worker asks Mixpanel before it sends: nothing; whether host, project, token and"
        " account belong together; or that, and whether an event of its own arrives in the project.",
    )
    residency_wait_s: Seconds = Field(
        600.0, description="Seconds within which that event has to be found in the project; without it nothing is sent."
    )
    export_host: str = Field(description="Base address of Mixpanel's raw export, where that event is looked for.")
    app_host: str = Field(description="Base address of Mixpanel's application, for deletions and exports by people.")
    privacy_token: SecretStr | None = Field(
        None, description="OAuth token of the deletion and retrieval API; it expires after a year."
    )
    privacy_token_file: Path | None = Field(
        None,
        description="File that holds that token, read for each use, so that it is renewed without a restart;"
        " use it or the token, not both.",
    )
    compliance_type: Literal["CCPA", "GDPR"] = Field(
        "CCPA", description="Under which of Mixpanel's two headings deletions and retrievals are asked for."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.service_account_secret is not None and self.service_account_secret_file is not None:
            raise ValueError("give service_account_secret or service_account_secret_file, not both")
        if self.privacy_token is not None and self.privacy_token_file is not None:
            raise ValueError("give privacy_token or privacy_token_file, not both")
        return self


class UsMixpanelSettings(RegionMixpanelSettings):
    """The project that holds events of people in the United States."""

    host: str = Field("https://api.mixpanel.com", description="Base address of Mixpanel's US ingestion API.")
    export_host: str = Field("https://data.mixpanel.com", description="Base address of Mixpanel's US raw export.")
    app_host: str = Field("https://mixpanel.com", description="Base address of Mixpanel's US application.")


class IndiaMixpanelSettings(RegionMixpanelSettings):
    """The project that holds events of people in India."""

    host: str = Field("https://api-in.mixpanel.com", description="Base address of Mixpanel's India ingestion API.")
    export_host: str = Field("https://data-in.mixpanel.com", description="Base address of Mixpanel's India raw export.")
    app_host: str = Field("https://in.mixpanel.com", description="Base address of Mixpanel's India application.")


class MixpanelSettings(_Group):
    """One project for each region; events never cross."""

    us: UsMixpanelSettings = Field(default_factory=UsMixpanelSettings, description="Project of the US region.")
    in_: IndiaMixpanelSettings = Field(
        default_factory=IndiaMixpanelSettings, alias="in", description="Project of the India region."
    )


class DeliverSettings(_Group):
    """Size, pace and patience of delivery to Mixpanel."""

    max_events: int = Field(2000, ge=1, le=2000, description="Most events in one import request.")
    max_bytes: int = Field(
        1_900_000, ge=1024, le=10_000_000, description="Most bytes of one import request before compression."
    )
    linger_s: Seconds = Field(1.0, description="Seconds after which a batch is sent although it is not full.")
    concurrency: int = Field(
        20,
        ge=1,
        le=64,
        description="Most requests in flight at the same time. How many there are is found out; it begins with 8.",
    )
    slow_ratio: float = Field(
        2.0,
        gt=1,
        allow_inf_nan=False,
        description="How many times as long as usual answers must take for fewer requests to be in flight.",
    )
    hot_shard_limit: int = Field(
        200_000,
        ge=1000,
        description="Events of one person on one day that Mixpanel keeps apart; the sink stops a little below.",
    )
    stop_after_s: Seconds = Field(
        120.0,
        description="Seconds for which queued events of a cohort that the policy stops are held before they are given "
        "up, since workers read a changed policy one after the other.",
    )
    retry_base_s: Seconds = Field(2.0, description="Seconds before the first retry; doubled for each further one.")
    retry_cap_s: Seconds = Field(60.0, description="Longest wait between two retries, in seconds.")
    retry_jitter_s: float = Field(
        5.0, ge=0, allow_inf_nan=False, description="Most seconds of random delay added to each wait."
    )
    request_timeout_s: Seconds = Field(30.0, description="Seconds after which an unanswered request has failed.")
    incident_dir: Path | None = Field(
        None,
        description="Directory of incident files, kept over restarts and shared by the deliver workers of a region;"
        " without one the leak stop halts a region and nobody can let it go on.",
    )
    canary_seed: str = Field(
        "coppice", min_length=1, description="Text from which canaries' values follow, the same for all; no secret."
    )

    @model_validator(mode="after")
    def _cap_above_base(self) -> Self:
        if self.retry_cap_s < self.retry_base_s:
            raise ValueError("retry_cap_s must not be below retry_base_s")
        return self


class RightsSettings(_Group):
    """Pace and patience of erasures, exports and withdrawals that people ask for."""

    poll_s: Seconds = Field(900.0, description="Seconds between two questions how far Mixpanel is with a task.")
    call_gap_s: float = Field(
        1.0, ge=0, allow_inf_nan=False, description="Seconds between two calls of one region's privacy API."
    )
    settle_s: float = Field(
        60.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds between the last suppression and the call that deletes, for what is on the wire by then.",
    )
    retry_base_s: Seconds = Field(10.0, description="Seconds before the first retry; doubled for each further one.")
    retry_cap_s: Seconds = Field(3600.0, description="Longest wait between two retries, in seconds.")
    request_timeout_s: Seconds = Field(60.0, description="Seconds after which an unanswered call has failed.")
    deadline_days: int = Field(30, ge=1, le=90, description="Days within which a request has to be answered.")

    @model_validator(mode="after")
    def _cap_above_base(self) -> Self:
        if self.retry_cap_s < self.retry_base_s:
            raise ValueError("retry_cap_s must not be below retry_base_s")
        return self


class OpsSettings(_Group):
    """How the process can be watched."""

    bind: str = Field("127.0.0.1", min_length=1, description="Address of metrics and health; keep it private.")
    port: int = Field(9108, ge=0, le=MAX_PORT, description="Port of metrics and health; 0 takes any free one.")
    port_file: Path | None = Field(None, description="File into which the worker writes the port it got.")
    log_level: LogLevel = Field("info", description="Least severe log records that are written.")


class ConsentSettings(_Group):
    """How stale the consent state may be."""

    max_lag_s: Seconds = Field(30.0, description="Seconds without the broker's answer before not ready.")
    poll_s: Seconds = Field(0.05, description="Longest wait of one poll of the consent reader, in seconds.")


class _Environment(PydanticBaseSettingsSource):
    """The environment, one variable for each single setting; whole groups as JSON are not read."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Abstract in the base class, and only called by sources that read field by field."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return read_environment(self.settings_cls, PREFIX, os.environ)


class Settings(BaseSettings):
    """All settings. Build it with `load_settings`, whose errors an operator can read."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="Kafka.")
    policy: PolicySettings = Field(default_factory=PolicySettings, description="Policy and event contract.")
    keys_file: Path | None = Field(None, description="JSON key ring from which pseudonyms are computed.")
    keys: SecretStr | None = Field(None, description="The key ring itself, as JSON; use it or the file, not both.")
    mixpanel: MixpanelSettings = Field(default_factory=MixpanelSettings, description="Mixpanel projects.")
    deliver: DeliverSettings = Field(default_factory=DeliverSettings, description="Delivery.")
    rights: RightsSettings = Field(default_factory=RightsSettings, description="Privacy requests.")
    ops: OpsSettings = Field(default_factory=OpsSettings, description="Metrics, health and logs.")
    consent: ConsentSettings = Field(default_factory=ConsentSettings, description="Consent state.")

    @field_validator("keys")
    @classmethod
    def _one_key_ring(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("keys_file") is not None:
            raise ValueError("give keys (COPPICE_KEYS) or keys_file (COPPICE_KEYS_FILE), not both")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what is passed in: `load_settings` passes the file's content."""
        return _Environment(settings_cls), init_settings


def load_settings(config: Path | None = None) -> Settings:
    """Read defaults, then the YAML file `config` (or the one `COPPICE_CONFIG` names), then the environment.

    Raises `ConfigError`, which lists every wrong setting at once.
    """
    named = os.environ.get(PREFIX + "CONFIG")
    path = config if config is not None else Path(named) if named else None
    content = _read_yaml(path) if path is not None else {}
    unknown = unknown_environment(Settings, PREFIX, os.environ)
    try:
        settings = Settings(**content)
    except ValidationError as exc:
        raise ConfigError(explain(Settings, PREFIX, exc, unknown)) from None
    if unknown:
        raise ConfigError(explain(Settings, PREFIX, None, unknown))
    return settings


def _is_setting_name(key: object) -> bool:
    """True for text; a leading underscore would steer pydantic-settings itself."""
    return isinstance(key, str) and not key.startswith("_")


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"settings file {path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"settings file {path} is not UTF-8 text") from None
    except YAMLError as exc:  # its text quotes the file, which may hold secrets
        mark = exc.problem_mark if isinstance(exc, MarkedYAMLError) else None
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"settings file {path}{where} is not valid YAML ({type(exc).__name__})") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(_is_setting_name(key) for key in content):
        raise ConfigError(f"settings file {path} must be a mapping of setting names, for example `kafka:`")
    return content
