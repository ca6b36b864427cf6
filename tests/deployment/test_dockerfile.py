"""The Dockerfile builds from what is in the tree, by hash, and leaves nothing behind that builds."""

import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from pipeline.ops.settings import OpsSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def instructions(text: str) -> list[tuple[str, str]]:
    """Return instructions in order, continuation lines joined, comments left out."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    """Return instructions by stage."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions(TEXT):
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def last(name: str) -> list[str]:
    """Return arguments of an instruction in the final stage."""
    return [rest for instruction, rest in stages()[-1] if instruction == name]


def in_context(path: str) -> bool:
    """Whether `.dockerignore` lets a path of the tree into the build; of several patterns the last decides."""
    kept = True
    for line in (line for line in IGNORED if line and not line.startswith("#")):
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = Path(path).parts
        heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if any(
            fnmatch(head, pattern) or ("**/" in line and fnmatch(part, pattern))
            for head, part in zip(heads, parts, strict=True)
        ):
            kept = line.startswith("!")
    return kept


def test_all_stages_are_of_the_python_that_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    images = {rest.split()[0] for name, rest in instructions(TEXT) if name == "FROM"}
    assert images == {"python:3.11-slim"}
    assert project["requires-python"] == ">=3.11"


def test_what_is_copied_is_there_and_not_ignored() -> None:
    for name, rest in instructions(TEXT):
        if name == "COPY" and "--from" not in rest:
            for source in shlex.split(rest)[:-1]:
                assert (ROOT / source).exists(), source
                assert in_context(source), source


def test_the_wheel_gets_all_its_sources() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wheel = build["targets"]["wheel"]
    hook = wheel["hooks"]["custom"]["path"]
    needed = {*wheel["packages"], *wheel["force-include"], hook, project["readme"], *project["license-files"]}
    copied = {source for name, rest in stages()[0] if name == "COPY" for source in shlex.split(rest)[:-1]}
    assert needed <= copied


def test_secrets_and_everything_else_stay_out_of_the_build() -> None:
    for path in (".env", "local/keys.json", ".git/config", "tests/conftest.py", ".venv/bin/python", "docs/metrics.md"):
        assert not in_context(path), path
    assert not in_context("pipeline/core/__pycache__/decide.cpython-311.pyc")
    assert in_context("pipeline/core/decide.py")


def test_everything_that_is_installed_is_locked_by_hash() -> None:
    installs = [
        part for name, rest in instructions(TEXT) if name == "RUN" for part in rest.split("&&") if " install " in part
    ]
    pip = [part for part in installs if "pip" in part]
    assert len(pip) == 3
    for part in pip:
        assert ("--require-hashes" in part and "--only-binary=:all:" in part) or "--no-index --no-deps" in part
    assert "://" not in TEXT.replace("http://127.0.0.1", "")
    for lock in re.findall(r"locks/\w+\.txt", TEXT):
        locked = (ROOT / lock).read_text(encoding="utf-8")
        assert locked.count("==") <= locked.count("--hash=sha256:")
        assert "://" not in locked  # no address of a registry


def test_the_final_stage_runs_as_nobody_special_without_build_tools() -> None:
    assert last("USER") == ["10001:10001"]
    assert "pip uninstall --yes setuptools wheel pip" in last("RUN")[0]
    assert "--without-pip" in TEXT
    assert not [rest for rest in last("RUN") if " install " in rest.replace("install -d", "")]
    assert last("ENTRYPOINT") == ['["coppice"]']


def test_the_core_is_compiled_and_the_compiler_stays_behind() -> None:
    (build,) = [rest for name, rest in stages()[0] if name == "RUN" and "-m build" in rest]
    assert build.startswith("HATCH_BUILD_HOOK_ENABLE_CUSTOM=true ")
    assert "gcc" in TEXT
    assert not [rest for stage in stages()[1:] for _, rest in stage if "gcc" in rest]


def test_it_is_asked_whether_it_lives_where_it_listens() -> None:
    (check,) = last("HEALTHCHECK")
    port = OpsSettings().port
    assert f"http://127.0.0.1:{port}/healthz" in check
    assert last("EXPOSE") == [str(port)]
    (code,) = re.findall(r'"-c", "(.*)"\]$', check)
    compile(code, "HEALTHCHECK", "exec")
