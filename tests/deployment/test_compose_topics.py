"""The one-shot service that creates the topics, run as compose would run it, on a real Kafka."""

import os
import subprocess
import sys
import uuid

from pipeline.ops.settings import PREFIX, KafkaSettings, Settings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import check_topics
from tests.deployment.compose import SERVICES, arguments, environment


def test_creates_every_topic_and_ends_well_also_the_second_time(kafka: EmbeddedKafka) -> None:
    service = SERVICES["topics"]
    prefix = f"compose-{uuid.uuid4().hex[:8]}."
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {
        "COPPICE_KAFKA__BOOTSTRAP": kafka.bootstrap,
        "COPPICE_KAFKA__TOPIC_PREFIX": prefix,
        "COPPICE_KAFKA__PARTITIONS": "2",  # quicker than 24
    }
    assert "COPPICE_KAFKA__BOOTSTRAP" in environment(service)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments(service)],
            env=given | environment(service) | ours,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        there = Settings(kafka=KafkaSettings(bootstrap=kafka.bootstrap, topic_prefix=prefix, partitions=2))
        assert check_topics(there) == []
