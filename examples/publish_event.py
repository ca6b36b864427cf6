"""Publish one event and wait until the broker has acknowledged it."""

import os
import time
import uuid

from pipeline.publish import Publisher

with Publisher(os.environ.get("COPPICE_KAFKA__BOOTSTRAP", "localhost:9092")) as publisher:
    now = int(time.time() * 1000)
    event = {"event": "level_started", "event_id": str(uuid.uuid4()), "time": now, "received_at": now}
    event |= {"profile_id": "player-42", "region": "US", "properties": {"level": 3, "world": "ocean"}}
    print(publisher.publish(event).result())
