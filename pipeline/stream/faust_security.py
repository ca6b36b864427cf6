"""TLS and SASL as Faust wants them; `pipeline.stream.client_config` says the same to librdkafka."""

import ssl

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from pipeline.ops.errors import ConfigError
from pipeline.ops.kafka_security import KafkaSecuritySettings


def faust_credentials(security: KafkaSecuritySettings) -> CredentialsT | None:
    """Return the same for Faust, None for an open connection. Raises ConfigError for a file that cannot be used."""
    context = _tls_context(security) if security.tls else None
    if security.sasl:
        return SASLCredentials(
            username=security.sasl_username,
            password=security.password(),
            ssl_context=context,
            mechanism=security.sasl_mechanism,
        )
    return SSLCredentials(context) if context is not None else None


def _tls_context(security: KafkaSecuritySettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=security.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if security.certificate_file is not None:
            context.load_cert_chain(security.certificate_file, security.key_file)
    except (OSError, ssl.SSLError) as exc:
        what = type(exc).__name__ if isinstance(exc, ssl.SSLError) else exc.strerror
        raise ConfigError(
            f"kafka.security: a certificate or key file cannot be used ({what}): "
            "check ca_file, certificate_file and key_file"
        ) from None
    return context
