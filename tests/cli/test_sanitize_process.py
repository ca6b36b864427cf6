"""`coppice sanitize` as a process: clear words for what is wrong, bounded memory, closed pipes."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

import pytest

from pipeline.cli.sanitize import lines
from pipeline.core.decode import MAX_BYTES
from tests.core.worlds import NOW, encode, merged, raw_event

COPPICE = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "sanitize"]
EVENT = raw_event(event="level_started", properties={"level": 7, "world": "ocean", "difficulty": "easy"})
GOOD = encode(EVENT)
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COPPICE_")}


def called(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COPPICE, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=ROOT,
        env=ENVIRONMENT | environment,
    )


def test_bad_settings_are_one_message_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(GOOD)
    settings = tmp_path / "mine.yaml"
    settings.write_text("coppa: {audience: everybody}\nanon: {k: 1}\n", encoding="utf-8")
    done = called("--settings", str(settings), str(tmp_path / "raw"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("coppice: the policy cannot be used:\n  mine.yaml:1: coppa.audience: ")
    assert "mine.yaml:2: anon.k: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "word"),
    [
        (["--now", "soon"], {}, "--now"),
        ([], {"COPPICE_KEYS_FILE": "/nowhere/keys.json"}, "COPPICE_KEYS_FILE"),
        ([], {"COPPICE_POLICY__SETTINGS_FILE": "/nowhere/settings.yaml"}, "settings.yaml"),
        ([], {"COPPICE_POLICY__REGISTRY_DIR": "/nowhere"}, "registry_dir"),
        (["--consent", "/nowhere"], {}, "/nowhere"),
        (["--settings", "/nowhere"], {}, "/nowhere"),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, arguments: list[str], environment: dict[str, str], word: str) -> None:
    (tmp_path / "raw").write_bytes(GOOD)
    done = called(*arguments, str(tmp_path / "raw"), **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_file_is_named() -> None:
    done = called("/nowhere/raw.ndjson")
    assert done.returncode == 2
    assert "/nowhere/raw.ndjson" in done.stderr
    assert "Traceback" not in done.stderr


# --- streams


class Watched(io.BytesIO):
    """Remembers the longest line it was asked for."""

    longest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        line = super().readline(size)
        self.longest = max(self.longest, len(line))
        return line


def test_endless_line_is_never_read_whole() -> None:
    file = Watched(
        b"x" * (5 * MAX_BYTES) + b"\nshort\n" + b"y" * MAX_BYTES + b"\n" + b"z" * (MAX_BYTES + 1) + b"\r\nend"
    )
    found = list(lines(cast("IO[bytes]", file)))
    assert [len(line) > MAX_BYTES for line in found] == [True, False, False, True, False]
    assert (found[1], found[2], found[4]) == (b"short", b"y" * MAX_BYTES, b"end")
    assert max(map(len, found)) <= MAX_BYTES + 2
    assert file.longest <= MAX_BYTES + 2


# /proc's peak is the process's own; the one that wait4 gives can be that of the parent before exec
PEAK = """
import atexit, re, sys
def peak():
    text = open("/proc/self/status").read()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", text).group(1), file=sys.stderr)
atexit.register(peak)
from pipeline.cli.main import main
main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    wide = merged(EVENT, {"properties": {"padding": "x" * 20_000}})
    many = b"\n".join(encode(wide | {"profile_id": f"profile-{n}", "event_id": f"e-{n}"}) for n in range(50)) + b"\n"

    def peak_kb(repeats: int) -> int:
        file = tmp_path / f"{repeats}.ndjson"
        with file.open("wb") as out:
            for _ in range(repeats):
                out.write(many)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "sanitize", "--now", str(NOW), str(file)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=400,
            cwd=ROOT,
        )
        assert f"{50 * repeats} events" in done.stderr
        return int(done.stderr.rpartition("peak ")[2])

    small, large = peak_kb(1), peak_kb(60)
    assert (tmp_path / "60.ndjson").stat().st_size > 60_000_000
    assert large - small < 15_000


def test_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes((GOOD + b"\n") * 20_000)
    process = subprocess.Popen(
        [*COPPICE, "--now", str(NOW), str(tmp_path / "raw")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert json.loads(process.stdout.readline())["line"] == 0
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=180) == 1
        assert b"Traceback" not in errors
        assert b"Error" not in errors
    finally:
        process.stderr.close()
        process.kill()
        process.wait(timeout=180)
