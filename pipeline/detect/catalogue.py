"""All detectors. A file in common, india or us that has a DETECTOR is all it takes to add one."""

import importlib
import pkgutil
from types import ModuleType

from pipeline.detect import common, india, us
from pipeline.detect.detector import Detector, Kind

OPAQUE = Detector(
    name="opaque",
    kind=Kind.MEDIA,
    law="16 CFR 312.2 PI; DPDP Act 2(t)",
    hits=(),
)
"""What is found where nothing can be told: too long, too deep, or encoded too often. Fail closed: it is personal."""


def _collect(*packages: ModuleType) -> tuple[Detector, ...]:
    """Import the modules of the packages, in order of their names. Raise ValueError if two share a name."""
    found: dict[str, Detector] = {}
    for package in packages:
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            detector = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "DETECTOR", None)
            if not isinstance(detector, Detector):
                continue
            if detector.name in found or detector.name == OPAQUE.name:
                raise ValueError(f"two detectors are named {detector.name!r}")
            found[detector.name] = detector
    return tuple(found.values())


CATALOGUE: tuple[Detector, ...] = _collect(common, india, us)
BY_NAME: dict[str, Detector] = {detector.name: detector for detector in (*CATALOGUE, OPAQUE)}
