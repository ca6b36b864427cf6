"""Hatch's hook for a wheel whose hottest rooms are compiled to C by mypyc (docs/decisions/0015-compiled-core.md).

    HATCH_BUILD_HOOK_ENABLE_CUSTOM=true python -m build --wheel --no-isolation

It needs a C compiler, Python's headers and the packages of locks/dev.txt; run as a script it says what of the first two
is not there. The sources stand in that wheel, too, and
Python takes the compiled module where both are there. Nothing is written beside the sources.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CORE = (
    "adapt age_transition case cohort context decide decode envelope evidence grant_name identity ruling sanitize "
    "select survey work"
)
COMPILED = (
    *(f"pipeline/core/{name}.py" for name in _CORE.split()),
    "pipeline/detect/*.py",
    "pipeline/detect/*/*.py",
    "pipeline/policy/compiled.py",
    "pipeline/policy/checks.py",
    "pipeline/policy/transforms.py",
    "pipeline/workers/judging.py",
)
"""What is compiled: this list is the only one.

Not among them is what msgspec reads types of, as it does those of consent records: mypyc does not keep them.
"""

LACKING = 3  # exit status where something to compile with is not here

GROUP = "coppice"
"""Name of the one shared library that holds all of it; the modules are thin doors to it."""


def sources(root: Path) -> list[str]:
    """Return the paths of what is compiled, below the root, packages' own files left out."""
    found = {path for pattern in COMPILED for path in root.glob(pattern) if path.name != "__init__.py"}
    return sorted(str(path.relative_to(root)) for path in found)


def compile_to(out: Path) -> None:
    """Compile, in the directory of the sources, into another one. Raise whatever stops it."""
    from mypyc.build import mypycify  # noqa: PLC0415  # only who compiles needs them
    from setuptools import Distribution  # noqa: PLC0415

    extensions = mypycify(
        ["--config-file=pyproject.toml", "--cache-dir", str(out / "cache"), *sources(Path())],
        target_dir=str(out / "c"),
        debug_level="0",
        group_name=GROUP,
    )
    distribution = Distribution({"name": GROUP, "ext_modules": extensions})
    command: Any = distribution.get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(out / "lib"), str(out / "objects")
    distribution.run_command("build_ext")


def missing() -> str:
    """Return what is not here to compile with, nothing if all is."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler})"
    header = Path(sysconfig.get_path("include"), "Python.h")
    return "" if header.exists() else "no headers of Python (Python.h)"


class CompiledWheel(BuildHookInterface[Any]):
    """Adds the compiled modules to the wheel, which then is for one Python and one kind of machine."""

    PLUGIN_NAME = "custom"
    _directory: "tempfile.TemporaryDirectory[str] | None" = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, unless it is the wheel of an editable installation. Raise RuntimeError if that fails."""
        if version != "standard":
            return
        self._directory = tempfile.TemporaryDirectory(prefix="coppice-compiled-")
        out = Path(self._directory.name)
        command = [sys.executable, __file__, str(out)]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the compiled wheel could not be built:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for built in (out / "lib").rglob("*.so"):
            build_data["force_include"][str(built)] = str(built.relative_to(out / "lib"))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what was compiled: it is in the wheel."""
        if self._directory is not None:
            self._directory.cleanup()


if __name__ == "__main__":
    if sys.argv[1:]:
        compile_to(Path(sys.argv[1]))
    elif lacking := missing():
        print(lacking)
        sys.exit(LACKING)
