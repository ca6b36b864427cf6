"""Grafana's files are what the generator makes, and each panel can be read by somebody who has never seen it."""

import re
from typing import Any

import pytest

from pipeline.ops.metric_table import TABLE
from tests.monitoring.shipped import DASHBOARD_FILES, DASHBOARDS
from tools.dashboards import VARIABLES, files, scoped
from tools.panel_drawing import UNITS

EVERY = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def test_the_files_are_the_generator_s() -> None:
    made = files()
    assert set(made) == set(DASHBOARD_FILES)
    for path, content in made.items():
        assert path.read_text(encoding="utf-8") == content, "run python -m tools.dashboards"


def test_there_is_one_for_each_question() -> None:
    assert set(DASHBOARDS) == {"flow", "delivery", "privacy", "rights"}


@EVERY
def test_every_panel_explains_itself_and_has_a_place_of_its_own(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    titles = [panel["title"] for panel in panels if panel["type"] == "timeseries"]
    assert len(set(titles)) == len(titles)
    taken: dict[tuple[int, int], int] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["id"]) == panel["id"]
        assert panel["type"] == "row" or len(panel["description"]) > 20, panel["title"]


@EVERY
def test_every_expression_obeys_the_variables(dashboard: dict[str, Any]) -> None:
    regional = {metric.name for metric in TABLE if "region" in metric.labels}
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["job", "region"]
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            for name, matchers in re.findall(r"\b((?:coppice|process)_\w+)\{([^}]*)\}", target["expr"]):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                assert 'job=~"$job"' in matchers, panel["title"]
                assert ('region=~"$region"' in matchers) == bool({name, base} & regional), panel["title"]
            bare = re.findall(r"\bcoppice_\w+(?![\w{])", target["expr"])
            assert not bare, f"{panel['title']}: {bare}"


@EVERY
def test_every_panel_can_be_drawn_for_the_documents(dashboard: dict[str, Any]) -> None:
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels} <= UNITS.keys()


def test_variables_are_put_beside_what_a_selector_has() -> None:
    assert scoped('rate(coppice_retries_total{why="unavailable"}[1m])') == (
        'rate(coppice_retries_total{why="unavailable", job=~"$job", region=~"$region"}[1m])'
    )
    assert scoped("coppice_worker_ready") == 'coppice_worker_ready{job=~"$job"}'
    assert {variable["name"] for variable in VARIABLES} == {"job", "region"}
