"""Just enough PromQL to know which metrics, labels and values an expression speaks of."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_TEXT = r'"(?:[^"\\]|\\.)*"'
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_TEXT})")
_TOKEN = re.compile(
    rf"{_TEXT}|\b(?P<name>[A-Za-z_:][\w:]*)\s*(?P<matchers>\{{(?:[^}}\"]|{_TEXT})*\}})?\s*(?P<call>\()?"
)
_OPERATORS = frozenset({"and", "or", "unless", "bool", "offset"})
_VARIABLES = {"$__rate_interval": "1m", '"$job"': '"coppice-.*"', '"$region"': '".*"'}


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric name with its label matchers; `text` is the selector as it is written."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    text: str


def selectors(expr: str) -> list[Selector]:
    """Every vector selector of an expression."""
    found = []
    for match in _TOKEN.finditer(_RANGE.sub("", _GROUPING.sub(" ", expr))):
        name = match["name"]
        if name and not match["call"] and name not in _OPERATORS:
            given = _MATCHER.findall(match["matchers"] or "")
            matchers = tuple((label, sign, text[1:-1].replace("\\\\", "\\")) for label, sign, text in given)
            found.append(Selector(name, matchers, name + (match["matchers"] or "")))
    return found


def grouping(expr: str) -> set[str]:
    """Labels that `by`, `on` and the like name."""
    return {label.strip() for labels in _GROUPING.findall(expr) for label in labels.split(",") if label.strip()}


def panel_expressions(dashboard: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Title, expression and legend of every query of a dashboard; its annotations last.

    The dashboard's variables have the values that show everything.
    """
    for panel in dashboard["panels"]:  # type: ignore[attr-defined]
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for variable, value in _VARIABLES.items():
                expr = expr.replace(variable, value)
            yield panel["title"], expr, target["legendFormat"]
    for entry in dashboard["annotations"]["list"]:  # type: ignore[index]
        yield entry["name"], entry["expr"], ""
