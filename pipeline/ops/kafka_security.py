"""How this process proves who it is to Kafka, and how it knows the broker: TLS and SASL (R33).

One group of settings, from which both client libraries are configured in `pipeline.stream.client_config`.
COPPA 16 CFR 312.8(b)(3), DPDP Rules 2025 r.6(1)(a)-(b).
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pipeline.ops.errors import ConfigError

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaSecuritySettings(BaseModel):
    """Encryption and authentication towards the brokers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Protocol = Field(
        "PLAINTEXT", description="SASL_SSL outside a private test: encrypted, and each role with a user of its own."
    )
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the brokers' certificates.")
    certificate_file: Path | None = Field(None, description="PEM file of this client's own certificate, with SSL.")
    key_file: Path | None = Field(None, description="PEM file of the private key that belongs to it.")
    sasl_mechanism: Mechanism = Field("SCRAM-SHA-512", description="How the password is proved.")
    sasl_username: str | None = Field(None, min_length=1, description="User name; one for each role.")
    sasl_password: SecretStr | None = Field(None, description="Password of that user.")
    sasl_password_file: Path | None = Field(
        None, description="File that holds the password; use it or the password, not both."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.sasl_password is not None and self.sasl_password_file is not None:
            raise ValueError("give sasl_password or sasl_password_file, not both")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        if self.sasl and (self.sasl_username is None or (self.sasl_password or self.sasl_password_file) is None):
            raise ValueError(f"{self.protocol} needs sasl_username and sasl_password or sasl_password_file")
        if not self.tls and (self.ca_file or self.certificate_file):
            raise ValueError(f"certificates are given, but {self.protocol} does not use any: set SSL or SASL_SSL")
        if not self.sasl and self.sasl_username is not None:
            raise ValueError(f"a user is given, but {self.protocol} does not use one: set SASL_SSL")
        return self

    @property
    def tls(self) -> bool:
        """Say whether the connection is encrypted."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def sasl(self) -> bool:
        """Say whether a user name and a password are sent."""
        return self.protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    def password(self) -> str:
        """Return the password as it is now. Raise ConfigError when its file cannot be read or is empty."""
        if self.sasl_password is not None:
            return self.sasl_password.get_secret_value()
        assert self.sasl_password_file is not None  # _consistent has seen to it
        name = "kafka.security.sasl_password_file (COPPICE_KAFKA__SECURITY__SASL_PASSWORD_FILE)"
        try:
            text = self.sasl_password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            what = exc.strerror if isinstance(exc, OSError) else "it is not text"
            raise ConfigError(f"{name}: {self.sasl_password_file} cannot be read: {what}") from None
        if not text:
            raise ConfigError(f"{name}: {self.sasl_password_file} is empty; it must hold the password")
        return text
