"""Read a worker's metrics and readiness over HTTP, as Prometheus and a probe would."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 5.0


class Samples:
    """One scrape: sample name → labels and value. Only what is asked for is taken apart: who polls asks for little."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                self._lines.setdefault(line.partition(" ")[0].partition("{")[0], []).append(line)

    def each(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Yield labels and value of every series of a name."""
        for family in text_string_to_metric_families("\n".join(self._lines.get(name, ()))):
            yield from ((sample.labels, sample.value) for sample in family.samples)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of a name's series that have these labels."""
        return sum(value for given, value in self.each(name) if labels.items() <= given.items())

    def by(self, name: str, label: str, **labels: str) -> dict[str, int]:
        """Return the sums of a counter by one label; what is 0 is left out."""
        sums: dict[str, int] = {}
        for given, value in self.each(name):
            if value and labels.items() <= given.items():
                sums[given[label]] = sums.get(given[label], 0) + int(value)
        return sums

    def names(self) -> set[str]:
        """Return the names of all samples."""
        return set(self._lines)


def scrape(port: int | None) -> Samples | None:
    """Scrape the worker on a loopback port; None when it does not answer."""
    text = _get(port, "/metrics")
    return Samples(text) if text is not None else None


def readiness(port: int | None) -> dict[str, Any] | None:
    """Return the document of `/readyz`, ready or not; None when the worker does not answer."""
    text = _get(port, "/readyz")
    return json.loads(text) if text is not None else None


def _get(port: int | None, path: str) -> str | None:
    if port is None:
        return None
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as exc:
        with exc:
            return str(exc.read().decode())
    except OSError:
        return None
