"""A broker that lets nobody in without TLS and a password, and nobody do what its role may not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not marked as exported
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from pipeline.ops.kafka_security import KafkaSecuritySettings
from pipeline.ops.settings import KafkaSettings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.kafka_config import Listener, free_ports
from pipeline.stream.acls import ROLES, acls

PASSWORD = "a password of a test"


@dataclass(frozen=True)
class SecureKafka:
    """The broker: `admin` may do everything and comes in by the open listener, roles by the one that is closed."""

    broker: EmbeddedKafka
    bootstrap: str
    ca_file: Path

    def settings(self, role: str, prefix: str, **changes: object) -> KafkaSettings:
        """Return what a process of the role is configured with."""
        security = {
            "protocol": "SASL_SSL",
            "ca_file": self.ca_file,
            "sasl_username": role,
            "sasl_password": PASSWORD,
            **changes,
        }
        return KafkaSettings(
            bootstrap=self.bootstrap,
            topic_prefix=prefix,
            group_prefix=f"{prefix}coppice",
            partitions=2,
            security=KafkaSecuritySettings.model_validate(security),
        )

    def admin(self, prefix: str) -> KafkaSettings:
        """Return the settings of who may do everything."""
        return KafkaSettings(bootstrap=self.broker.bootstrap, topic_prefix=prefix, partitions=2)

    def grant(self, kafka: KafkaSettings) -> None:
        """Give every role of the table its user and exactly its rights."""
        client = AdminClient({"bootstrap.servers": self.broker.bootstrap})
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        users: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(role.name, scram, PASSWORD.encode()) for role in ROLES
        ]
        for future in client.alter_user_scram_credentials(users).values():
            future.result(60)
        bindings = [
            AclBinding(
                ResourceType.BROKER if acl.resource == "cluster" else ResourceType[acl.resource.upper()],
                acl.name,
                ResourcePatternType.PREFIXED if acl.prefixed else ResourcePatternType.LITERAL,
                acl.principal,
                "*",
                AclOperation["DESCRIBE_CONFIGS" if acl.operation == "DescribeConfigs" else acl.operation.upper()],
                AclPermissionType.ALLOW,
            )
            for acl in acls(kafka)
        ]
        for binding in client.create_acls(bindings).values():
            binding.result(60)


@contextmanager
def secure_kafka(directory: Path) -> Iterator[SecureKafka]:
    """Run one; its certificates are made for this run and end with it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    ca_file, store = directory / "ca.pem", directory / "broker.pem"
    authority.cert_pem.write_to_path(ca_file)
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    store.write_bytes(_pkcs8(certificate.private_key_pem.bytes()) + chain)
    (port,) = free_ports(1)
    config = {
        "listener.name.secure.ssl.keystore.type": "PEM",
        "listener.name.secure.ssl.keystore.location": str(store),
        "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # the open listener, which the test's own administration uses
        "allow.everyone.if.no.acl.found": "false",
    }
    with EmbeddedKafka(extra_config=config, listeners=[Listener("SECURE", "SASL_SSL", port)]) as broker:
        yield SecureKafka(broker, f"127.0.0.1:{port}", ca_file)


def _pkcs8(key: bytes) -> bytes:
    """Return the key in the form that Kafka reads."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # comes with trustme

    loaded = serialization.load_pem_private_key(key, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
