"""The broker of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.secure_kafka import SecureKafka, secure_kafka


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    directory: Path = tmp_path_factory.mktemp("certificates")
    with secure_kafka(directory) as broker:
        yield broker
