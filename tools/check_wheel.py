"""Build the wheel, install it with the locked dependencies into an empty environment, and run it on a sample."""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "pipeline" / "sandbox" / "samples"
EXPECTED_CLEAN = 133


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, return what it prints; stop with its output when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Prove that what is shipped works without the checkout."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory)
        (wheel,) = directory.glob("*.whl")
        environment = directory / "empty"
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        run(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", ROOT / "locks" / "runtime.txt")
        run(python, "-m", "pip", "install", "-q", "--no-deps", wheel)
        run(python, "-m", "pip", "check")
        settings = ROOT / "pipeline" / "sandbox" / "demo-settings.yaml"
        command = (environment / "bin" / "coppice", "sanitize", "--consent", SAMPLES / "consent.ndjson")
        output = run(*command, "--settings", settings, SAMPLES / "raw_events.ndjson", cwd=directory)
        outcomes = [json.loads(line)["outcome"] for line in output.splitlines()]
        if outcomes.count("clean") != EXPECTED_CLEAN:
            sys.exit(f"the wheel let {outcomes.count('clean')} sample events out instead of {EXPECTED_CLEAN}")
        print(f"{wheel.name}: installed, {len(outcomes)} sample events judged, {EXPECTED_CLEAN} clean")


if __name__ == "__main__":
    main()
