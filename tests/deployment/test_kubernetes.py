"""The Kubernetes example fits the code: commands, settings, probes, ports; and is as closed as it says."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

import pipeline
from pipeline.cli.main import cli
from pipeline.ops.settings import PREFIX, OpsSettings, Settings
from pipeline.ops.settings_names import env_name, leaves
from tests.monitoring.shipped import JOBS

EXAMPLE = Path(__file__).parents[2] / "deploy" / "kubernetes" / "coppice.yaml"
OBJECTS: list[dict[str, Any]] = list(YAML(typ="safe").load_all(EXAMPLE.read_text(encoding="utf-8")))
SETTINGS = {env_name(PREFIX, leaf.path) for leaf in leaves(Settings)}
PODS = [entry for entry in OBJECTS if entry["kind"] in {"StatefulSet", "Deployment", "Job"}]
PODS += [
    {"metadata": entry["metadata"], "spec": entry["spec"]["jobTemplate"]["spec"]}
    for entry in OBJECTS
    if entry["kind"] == "CronJob"
]
WORKERS = [entry for entry in OBJECTS if entry["kind"] == "StatefulSet"]
SERVING = [entry for entry in OBJECTS if entry["kind"] in {"StatefulSet", "Deployment"}]


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {entry["metadata"]["name"]: entry for entry in OBJECTS if entry["kind"] == kind}


def container(entry: dict[str, Any]) -> dict[str, Any]:
    (only,) = entry["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def named(entry: dict[str, Any]) -> str:
    return str(entry["metadata"]["name"])


def test_there_is_a_set_of_workers_for_each_role() -> None:
    assert {named(entry) for entry in WORKERS} == {
        "coppice-sanitize",
        "coppice-deliver-us",
        "coppice-deliver-in",
        "coppice-rights",
        "coppice-aggregate",
    }
    assert set(of("PodDisruptionBudget")) == set(of("StatefulSet"))


def test_whatever_serves_metrics_has_the_name_of_its_job_in_prometheus() -> None:
    assert set(of("Service")) == {named(entry) for entry in SERVING} == {job for job in JOBS if job != "prometheus"}
    for entry in SERVING:
        assert of("Service")[named(entry)]["spec"]["selector"] == entry["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize("entry", PODS, ids=named)
def test_the_arguments_are_a_command_that_exists(entry: dict[str, Any]) -> None:
    arguments = container(entry)["args"]
    group: click.Command = cli
    context = click.Context(cli)
    rest = list(arguments)
    while isinstance(group, click.Group):
        found = group.get_command(context, rest.pop(0))
        assert found is not None, arguments
        group, context = found, click.Context(found)
    group.make_parser(context).parse_args(rest)  # a wrong option raises


def test_every_variable_is_a_setting_and_every_file_is_mounted() -> None:
    values = of("ConfigMap")["coppice"]["data"]
    assert set(values) <= SETTINGS
    for entry in PODS:
        mounts = [mount["mountPath"] for mount in container(entry)["volumeMounts"]]
        for name, value in values.items():
            if name.endswith("_FILE"):
                assert any(value.startswith(f"{mount}/") for mount in mounts), name
        assert {given["name"] for given in container(entry).get("env", [])} <= SETTINGS


def test_the_secret_that_the_comment_makes_holds_every_file_that_is_named() -> None:
    head = EXAMPLE.read_text(encoding="utf-8").split("apiVersion", 1)[0]
    made = set(re.findall(r"--from-file=(\S+)", head))
    values = of("ConfigMap")["coppice"]["data"].values()
    wanted = {value.rpartition("/")[2] for value in values if value.startswith("/run/secrets/coppice/")}
    keyed = {
        given["valueFrom"]["secretKeyRef"]["key"]
        for entry in WORKERS
        for given in container(entry)["env"]
        if "secretKeyRef" in given.get("valueFrom", {})
    }
    assert made == wanted | keyed


@pytest.mark.parametrize("entry", SERVING, ids=named)
def test_probes_ask_what_the_worker_serves(entry: dict[str, Any]) -> None:
    worker = container(entry)
    (port,) = worker["ports"]
    assert port["containerPort"] == OpsSettings().port
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz"), ("startupProbe", "/healthz")):
        assert worker[probe]["httpGet"] == {"path": path, "port": port["name"]}
    assert entry["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 10  # a worker stops within that


@pytest.mark.parametrize("entry", WORKERS, ids=named)
def test_a_pod_keeps_its_place_in_the_group_over_a_restart(entry: dict[str, Any]) -> None:
    assert {
        "name": "COPPICE_KAFKA__INSTANCE_ID",
        "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
    } in container(entry)["env"]
    assert entry["spec"]["replicas"] >= 2
    budget = of("PodDisruptionBudget")[named(entry)]["spec"]
    assert budget == {"maxUnavailable": 1, "selector": entry["spec"]["selector"]}


@pytest.mark.parametrize("entry", PODS, ids=named)
def test_nothing_runs_as_root_or_can_write(entry: dict[str, Any]) -> None:
    pod = entry["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container(entry)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(entry)["image"] == f"coppice:{pipeline.__version__}"
