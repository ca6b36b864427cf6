"""The command that runs a stand-in in the foreground."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.mixpanel_client import StandInClient

COMMAND = (
    sys.executable,
    "-c",
    "from pipeline.cli.mixpanel import mixpanel; mixpanel(prog_name='coppice mixpanel')",
)


def test_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    url_file = tmp_path / "url"
    command = (*COMMAND, "--region", "in", "--max-bytes", "1000", "--url-file", str(url_file))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            url = process.stdout.readline().strip()
            client = StandInClient(url, sandbox_project("in"))
            now = {"time": int(time.time() * 1000), "distinct_id": "u1", "$insert_id": "id-1", "ip": 0}
            event = {"event": "level_started", "properties": now}
            assert url_file.read_text().strip() == url
            assert client.send([event]).status == 200
            assert client.send(b" " * 1001).status == 413
            assert client.events() == [event]
            assert client.state()["region"] == "in"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_a_port_in_use_is_a_configuration_error() -> None:
    with MixpanelStandIn(sandbox_project("us"), region="us") as standin:
        port = standin.url.rpartition(":")[2]
        command = (*COMMAND, "--region", "us", "--port", port)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert f"ConfigError: --port {port}: cannot listen on 127.0.0.1" in done.stderr
