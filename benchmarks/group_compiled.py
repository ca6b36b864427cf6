"""The compiled wheel's core on the same clean and dirty events, in the interpreter that has it."""

from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.site import Site, compiled_python, helper
from pipeline.core.built import COMPILED

NAMES: Final = ("core_clean_compiled_events_per_s", "core_dirty_compiled_events_per_s")


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Measure both in one process, which invents the same events."""
    python = compiled_python()
    site.say("the compiled core")
    scale = site.scale
    result = helper("core_speed.py", scale.pool, scale.profiles, scale.core_rounds, python=python)
    if result["build"] != COMPILED:
        raise NotMeasuredError(".venv-compiled holds a core that is not compiled")
    for name, kind in zip(NAMES, ("clean", "dirty"), strict=True):
        if name in wanted:
            yield Figure(
                name,
                tuple(result[kind]),
                "Memory that is touched for the first time, dictionaries, RE2 and msgspec: no step of the core itself.",
                {"build": result["build"], "events": result["events"][kind]},
            )
