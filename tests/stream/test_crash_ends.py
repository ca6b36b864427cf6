"""A worker that has crashed ends: it must not stay in its group while it does nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WORKER = """
import asyncio, sys
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream import app as app_module

async def crash():
    raise RuntimeError("secret 4711")

async def hang():
    print("stopping", flush=True)
    await asyncio.Event().wait()

configure_logging("info")
app_module.LONGEST_STOP_S = 0.5
app = app_module.create_app(Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:1")), "crashed", ())
app.before_start, app.after_stop = crash, hang
sys.exit(app_module.run_worker(app))
"""


def test_a_crash_ends_the_process_also_when_stopping_does_not_come_to_an_end() -> None:
    worker = subprocess.run([sys.executable, "-c", WORKER], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert worker.returncode == 1
    assert b"stopping\n" in worker.stdout  # it was in the middle of it
    said = worker.stdout + worker.stderr
    assert b"the orderly end took too long" in said
    assert b"4711" not in said
