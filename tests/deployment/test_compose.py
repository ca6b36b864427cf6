"""The compose file fits the code: commands, settings, ports, files, hosts; and is as closed as it says."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest

import pipeline
from pipeline.cli.main import cli
from pipeline.ops.credentials import require_mixpanel
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import PREFIX, OpsSettings, Settings, load_settings
from pipeline.ops.settings_names import env_name, leaves
from pipeline.sandbox.kafka_config import broker_properties
from pipeline.sandbox.mixpanel import sandbox_project
from pipeline.workers.context import load_context
from pipeline.workers.keys import trial_key_ring
from tests.deployment.compose import (
    CONTENT,
    GIVEN,
    HEADER,
    OURS,
    ROOT,
    SERVICES,
    WORKERS,
    arguments,
    environment,
    load,
    mounted,
    variables,
)
from tests.monitoring.shipped import ALERTS, PROMETHEUS

REAL_WORKERS = {"sanitize", "deliver-us", "deliver-in", "rights", "aggregate", "auditor"}
PORT = OpsSettings().port
SETTINGS = {env_name(PREFIX, leaf.path) for leaf in leaves(Settings)}
FILE_SETTINGS = {name for name in SETTINGS if name.endswith("_FILE")}
# what a single sandbox node on loopback has for itself: addresses, directories, size, haste
SANDBOX_ONLY = {
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "log.dirs",
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "offsets.topic.num.partitions",
    "transaction.state.log.num.partitions",
    "share.coordinator.state.topic.num.partitions",
}


def settings_of(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings as the service's process would load them, its secret files replaced by ones that exist here."""
    for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", encoding="utf-8")
    for variable, value in environment(SERVICES[name]).items():
        monkeypatch.setenv(variable, str(secret) if variable.endswith("SECRET_FILE") else value)
    return load_settings()


def policy_file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "policy-settings.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]), name
    assert {service["image"] for service in OURS.values()} == {f"coppice:{pipeline.__version__}"}
    lock = (ROOT / "pipeline/sandbox/kafka.lock.json").read_text(encoding="utf-8")
    version = SERVICES["kafka"]["image"].partition(":")[2]
    assert f'"org.apache.kafka:kafka-clients:{version}"' in lock


@pytest.mark.parametrize("name", OURS)
def test_commands_are_ones_that_coppice_has(name: str) -> None:
    words = arguments(OURS[name])
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context(name, words, parent=context)  # raises for an unknown option or a wrong value


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_or_an_option(name: str) -> None:
    service = SERVICES[name]
    assert {variable for variable in environment(service) if variable.startswith(PREFIX)} <= SETTINGS
    assert set(environment(service)) <= SETTINGS
    for variable in FILE_SETTINGS & set(environment(service)):
        path = Path(environment(service)[variable])
        assert {str(path), str(path.parent)} & set(mounted(service)), f"{name}: nothing is mounted at {path}"


def test_variables_of_the_env_file_are_settings_and_are_explained() -> None:
    assert set(GIVEN) | {"RUN_AS", "REGION"} == variables()
    for variable in variables():
        assert variable.replace("__IN__", "__US__") in HEADER


@pytest.mark.parametrize("region", ["us", "in"])
def test_delivery_goes_to_the_region_s_own_host(region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = require_mixpanel(settings_of(f"deliver-{region}", tmp_path, monkeypatch), region)
    assert project.host == {"us": "https://api.mixpanel.com", "in": "https://api-in.mixpanel.com"}[region]
    assert project.credentials.secret == "s3cret"
    other = {"us": "in", "in": "us"}[region]
    with pytest.raises(ConfigError, match=f"region {other} is not configured"):
        require_mixpanel(load_settings(), other)  # it does not even know the other project


@pytest.mark.parametrize("region", ["us", "in"])
def test_without_credentials_a_worker_says_what_is_missing(
    region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = environment(load({})["services"][f"deliver-{region}"])
    settings = settings_of(f"deliver-{region}", tmp_path, monkeypatch)
    for variable, value in empty.items():
        if variable in GIVEN:
            assert value == ""
            monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=f"COPPICE_MIXPANEL__{region.upper()}__TOKEN"):
        require_mixpanel(load_settings(), region)
    assert settings.ops.bind == "0.0.0.0"


@pytest.mark.parametrize("region", ["us", "in"])
def test_the_demo_delivers_to_the_stand_in_beside_it(
    region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = require_mixpanel(settings_of(f"demo-deliver-{region}", tmp_path, monkeypatch), region)
    standin = SERVICES[f"demo-mixpanel-{region}"]
    words = arguments(standin)
    assert standin["network_mode"] == f"service:demo-deliver-{region}"
    assert project.host == f"http://127.0.0.1:{words[words.index('--port') + 1]}"
    assert words[words.index("--region") + 1] == region
    known = sandbox_project(region)
    assert (project.project_id, project.token) == (known.project_id, known.token)
    assert (project.credentials.username, project.credentials.secret) == (known.service_account_user, known.secret)


def test_sanitize_wants_a_word_on_both_regions_in_one_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of("sanitize", tmp_path, monkeypatch)
    monkeypatch.setenv("COPPICE_POLICY__SETTINGS_FILE", policy_file(tmp_path, "version: ours-1\n"))
    with pytest.raises(ConfigError, match="processing_location"):
        load_context(load_settings(), None, trial_key_ring())
    assert "processing_location: shared" in HEADER
    text = "version: ours-1\nregion: {processing_location: shared}\n"
    monkeypatch.setenv("COPPICE_POLICY__SETTINGS_FILE", policy_file(tmp_path, text))
    assert load_context(load_settings(), None, trial_key_ring()).policy.version


def test_one_region_can_be_chosen() -> None:
    assert arguments(SERVICES["sanitize"])[-2:] == ["--region", "all"]
    assert arguments(load({"REGION": "in"})["services"]["sanitize"])[-2:] == ["--region", "in"]


def test_counts_are_made_where_they_are_asked_for() -> None:
    assert SERVICES["aggregate"]["profiles"] == ["counts"]
    assert "--profile counts" in HEADER
    always = {name for name in OURS if "profiles" not in SERVICES[name]}
    assert always == {"topics", "canary", *REAL_WORKERS} - {"aggregate"}


def test_canaries_come_more_often_than_their_absence_is_alarmed() -> None:
    words = arguments(SERVICES["canary"])
    every_s = float(words[words.index("--every") + 1])
    (alert,) = [rule for rule in ALERTS if rule["alert"] == "CoppiceCanaryMissing"]
    (after_s,) = re.findall(r"> (\d{2,})\)", alert["expr"])
    assert every_s * 2 < int(after_s)


def test_the_demo_stays_away_from_real_events() -> None:
    for name in [name for name in OURS if name.startswith("demo")]:
        service = SERVICES[name]
        assert service["profiles"] == ["demo"]
        assert service.get("networks", ["pipeline"]) == ["pipeline"]
        if "COPPICE_KAFKA__BOOTSTRAP" in environment(service):
            assert environment(service)["COPPICE_KAFKA__TOPIC_PREFIX"] == "demo."
        if name in WORKERS:
            assert environment(service)["COPPICE_KAFKA__GROUP_PREFIX"] == "demo"


def test_kafka_is_set_as_the_sandbox_broker_is() -> None:
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment(SERVICES["kafka"]).items()
        if name.startswith("KAFKA_")
    }
    lines = broker_properties(9092, 9093, Path("/data"), {}).splitlines()
    sandbox = dict(line.split("=", 1) for line in lines)
    assert {k: v for k, v in given.items() if k not in SANDBOX_ONLY} == {
        k: v for k, v in sandbox.items() if k not in SANDBOX_ONLY
    }
    assert given["advertised.listeners"] == f"PLAINTEXT://{environment(SERVICES['topics'])['COPPICE_KAFKA__BOOTSTRAP']}"
    assert mounted(SERVICES["kafka"])[given["log.dirs"]] in CONTENT["volumes"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_private_restarted_and_asked_whether_it_is_ready(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "always"
    assert "ports" not in service
    assert service["read_only"] is True
    assert environment(service)["COPPICE_OPS__BIND"] == "0.0.0.0"
    code = service["healthcheck"]["test"][-1]
    assert f"http://127.0.0.1:{PORT}/readyz" in code
    compile(code, name, "exec")


def test_prometheus_watches_every_worker() -> None:
    watched: dict[str, str] = {}
    for job in PROMETHEUS["scrape_configs"]:
        for found in job.get("dns_sd_configs", ()):
            assert found["port"] == PORT
            watched |= dict.fromkeys(found["names"], job["job_name"])
    assert watched == {name: f"coppice-{name.removeprefix('demo-')}" for name in WORKERS}
    assert set(watched) >= REAL_WORKERS
    (alertmanager,) = PROMETHEUS["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alertmanager.partition(":")[0] in SERVICES


def test_only_monitoring_listens_on_the_host_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_only_delivery_and_monitoring_have_a_way_out() -> None:
    assert CONTENT["networks"]["pipeline"]["internal"] is True
    inside = {name for name, service in SERVICES.items() if service.get("networks") == ["pipeline"]}
    beside = {name for name, service in SERVICES.items() if service.get("network_mode", "").partition(":")[2] in inside}
    assert set(SERVICES) - inside - beside == {
        "deliver-us",
        "deliver-in",
        "rights",
        "prometheus",
        "alertmanager",
        "grafana",
    }


def test_files_exist_or_are_the_operator_s_and_explained() -> None:
    sources = {source for service in SERVICES.values() for source in mounted(service).values()}
    for source in sorted(sources):
        if source.startswith("./local/"):
            assert source.removeprefix("./") in HEADER
        elif source.startswith("./"):
            assert (ROOT / source).exists(), source
        else:
            assert source in CONTENT["volumes"]


def test_no_secret_is_written_down() -> None:
    def secrets(service: Mapping[str, Any]) -> list[str]:
        return [value for name, value in environment(service).items() if name.endswith(("_SECRET", "PASSWORD"))]

    assert not [name for name in SERVICES if not name.startswith("demo-") and secrets(SERVICES[name])]


def test_what_is_waited_for_exists() -> None:
    for name, service in SERVICES.items():
        waits = service.get("depends_on", {})
        assert set(waits) <= set(SERVICES), name
        for other, how in waits.items() if isinstance(waits, dict) else ():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"]
