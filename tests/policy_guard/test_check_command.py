"""`coppice check`: exit status 0 or 2, every problem at once, and nothing looser without a signature."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.schemas import schema_dir

SIGNED_BY = "Privacy officer"


class Checker:
    """Runs `coppice check`, in this process or, as `process`, in one of its own, which takes much longer."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {}  # of coppice; what this machine has set does not count
        self.baseline = directory / "own.json"  # of what is installed now; the shipped one has a test of its own
        self._monkeypatch = monkeypatch

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: object) -> tuple[int, str]:
        """Return exit status and what was said. Whatever nobody foresaw is raised here."""
        said = io.StringIO()
        with self._monkeypatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            patch.setattr("pipeline.cli.main.configure_logging", lambda _: None)
            patch.setattr(sys, "argv", ["coppice", "check", *map(str, arguments)])
            for name in set(os.environ) - set(_others()):
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        return int(ended.value.code or 0), said.getvalue()

    def process(self, *arguments: object) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "check", *map(str, arguments)],
            env=_others() | self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


def _others() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COPPICE_")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the baseline of what is installed."""
    directory = tmp_path_factory.mktemp("installed")
    with pytest.MonkeyPatch.context() as monkeypatch:
        checker = Checker(directory, monkeypatch)
        assert checker.run("--baseline", checker.baseline, "--write-baseline")[0] == 0
    return checker.baseline.read_bytes()


@pytest.fixture
def checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bytes) -> Checker:
    checker = Checker(tmp_path, monkeypatch)
    checker.baseline.write_bytes(installed)
    return checker


def ids(text: str) -> list[str]:
    return [line.split('"')[1] for line in text.splitlines() if line.lstrip().startswith("- {id:")]


def test_shipped_policy_passes(checker: Checker) -> None:
    status, text = checker.process()
    assert status == 0, text
    assert "is not looser than baseline.json" in text


def test_all_errors_of_all_files_at_once(checker: Checker) -> None:
    registry = checker.directory / "events"
    shutil.copytree(schema_dir() / "events", registry)
    (registry / "crash.json").write_text('{"title": "crash", "x-purpose": "fun"}', encoding="utf-8")
    checker.environment["COPPICE_POLICY__REGISTRY_DIR"] = str(registry)
    settings = checker.write("mine.yaml", "coppa: {audience: everybody}\nanon: {k: 3}\n")
    signatures = checker.write(
        "signed.yaml", "acknowledged:\n  - {id: xyz, by: me, date: 2026-11-25, why: reasons that are long}\n"
    )
    status, text = checker.process(
        "--settings", settings, "--acknowledgements", signatures, "--baseline", checker.write("b.json", "{}")
    )
    assert status == 2
    places = (
        "mine.yaml:1: coppa.audience",
        "mine.yaml:2: anon.k",
        "crash.json:1: x-purpose",
        "signed.yaml:2: ",
        "b.json: ",
    )
    assert [place for place in places if place not in text] == []


def test_looser_settings_need_a_signature_for_each_step(checker: Checker) -> None:
    base = ("--baseline", checker.baseline)
    before = checker.write("before.yaml", "version: one\n")
    after = checker.write(
        "after.yaml",
        "version: two\nvendor_gate: {us_adult: {document: D, until: 2030-01-31}}\nus_adult: {analytics: opt_out}\n",
    )
    status, text = checker.run(*base, "--settings", after, "--against", before)
    assert status == 2
    assert "vendor gate: US/adult: open to the end of 2030-01-31 (was closed)" in text
    found = ids(text)
    assert len(found) == 2

    def signatures(*which: str) -> Path:
        entries = "".join(
            f'  - {{id: "{each}", by: {SIGNED_BY}, date: 2026-11-25, why: agreed with counsel}}\n' for each in which
        )
        return checker.write("signed.yaml", f"acknowledged:\n{entries}" if entries else "acknowledged: []\n")

    status, text = checker.run(
        *base, "--settings", after, "--against", before, "--acknowledgements", signatures(found[0])
    )
    assert status == 2
    assert ids(text) == found[1:]
    status, text = checker.run(
        *base, "--settings", after, "--against", before, "--acknowledgements", signatures(*found)
    )
    assert status == 0, text
    assert text.count(f"signed by {SIGNED_BY} on 2026-11-25") == 2
    longer = checker.write("longer.yaml", after.read_text().replace("2030-01-31", "2031-01-31"))
    status, text = checker.run(
        *base, "--settings", longer, "--against", before, "--acknowledgements", signatures(*found)
    )
    assert status == 2  # a signature is for one step, not for a place
    assert len(ids(text)) == 1


def test_stricter_settings_pass(checker: Checker) -> None:
    base = ("--baseline", checker.baseline)
    before = checker.write("before.yaml", "vendor_gate: {us_adult: {document: D, until: 2030-01-31}}\n")
    after = checker.write("after.yaml", "kill_switch: {regions: [us]}\n")
    status, text = checker.run(*base, "--settings", after, "--against", before)
    assert status == 0, text
    assert checker.run(*base, "--settings", before, "--against", after)[0] == 2


def test_own_baseline_is_written_only_when_the_policy_passes(checker: Checker) -> None:
    baseline = checker.directory / "new.json"
    status, text = checker.run("--baseline", baseline)
    assert status == 2
    assert "--write-baseline makes it" in text
    assert checker.run("--baseline", baseline, "--write-baseline")[0] == 0
    first = baseline.read_bytes()
    looser = checker.write("looser.yaml", "apple: {kids_rules: false}\n")
    assert checker.run("--baseline", baseline, "--settings", looser, "--write-baseline")[0] == 2
    assert baseline.read_bytes() == first
    stricter = checker.write("stricter.yaml", "age_sources: {us: [id_document]}\n")
    status, text = checker.run("--baseline", baseline, "--settings", stricter)
    assert status == 0
    assert "--write-baseline keeps it from slipping back" in text
    assert checker.run("--baseline", baseline, "--settings", stricter, "--write-baseline")[0] == 0
    status, text = checker.run("--baseline", baseline)
    assert status == 2
    assert "age sources of region us: verified_parent is accepted" in text


def test_registry_that_registers_more_is_refused(checker: Checker) -> None:
    registry = checker.directory / "events"
    shutil.copytree(schema_dir() / "events", registry)
    path = registry / "level_started.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["nickname"] = {
        "description": "Own name.", "type": "string", "pattern": "^[a-z]{1,20}$", "x-class": "gameplay",
    }  # fmt: skip
    path.write_text(json.dumps(schema), encoding="utf-8")
    checker.environment["COPPICE_POLICY__REGISTRY_DIR"] = str(registry)
    status, text = checker.run("--baseline", checker.baseline)
    assert status == 2
    assert "event level_started: nickname: " in text
    assert len(ids(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "acknowledged:\n  - {id: '0123456789', by: me, date: 2026-11-25, why: short}\n",
        "acknowledged:\n  - {id: '0123456789', by: me, date: soon, why: long enough a reason}\n",
        "acknowledged:\n  - {id: '0123456789', by: me, date: 2026-11-25}\n",
        "acknowledged:\n" + 2 * "  - {id: '0123456789', by: me, date: 2026-11-25, why: long enough a reason}\n",
        "signed: []\n",
    ],
    ids=["why", "date", "missing", "twice", "key"],
)
def test_signature_that_is_none(checker: Checker, text: str) -> None:
    status, said = checker.run("--acknowledgements", checker.write("signed.yaml", text))
    assert status == 2
    assert "signed.yaml:" in said
