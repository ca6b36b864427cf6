"""A real Prometheus and Alertmanager, with the shipped configuration and rules, watch a whole deployment."""

import shutil
import uuid
from collections.abc import Iterator

import pytest

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.demo import publish_samples
from pipeline.sandbox.deployment import DEMO_SETTINGS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.supervisor import SupervisedWorker
from tests.monitoring.promql import selectors
from tests.monitoring.servers import Server, wait_until, watching, write_yaml
from tests.monitoring.shipped import ALERTS, EXPRESSIONS, PROMETHEUS, RUNBOOK_EXPRESSIONS, read_yaml

SHOWN = {name: expr for name, expr in EXPRESSIONS.items() if name not in RUNBOOK_EXPRESSIONS}
UNREADABLE = b'{"profile_id": "nobody-may-see-this"'


@pytest.fixture(scope="module")
def deployment(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Both regions: the US one had to send a request twice, the India one was refused and has halted."""
    prefix = f"monitoring-{uuid.uuid4().hex[:8]}."
    quick = {"deliver": {"retry_base_s": 0.1, "retry_jitter_s": 0.0, "linger_s": 0.1}}
    settings = tmp_path_factory.mktemp("policy") / "settings.yaml"
    shutil.copyfile(DEMO_SETTINGS, settings)
    with Deployment(broker=kafka, prefix=prefix, settings=settings, overrides=quick) as running:
        for role in ("sanitize", "rights", "aggregate"):
            running.add_worker(role, "all", wait=False)
        for region in Region:
            running.add_worker("deliver", region.value, wait=False)
        running.load("auditor")
        arguments = ["auditor", "--every", "1", "--config", str(running.directory / "auditor.yaml")]
        port_file = running.directory / "auditor.port"
        running.workers.append(SupervisedWorker("auditor-all", arguments, running.directory, port_file=port_file))
        running.workers[-1].start()
        running.wait_ready()
        running.standins[Region.US].fail("unavailable", 1)
        running.standins[Region.IN].fail("unauthorized", None)
        with running.publisher() as publisher:
            publish_samples(publisher, running.topic("consent"))
        yield running


@pytest.fixture(scope="module")
def prometheus(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with watching(deployment, tmp_path_factory.mktemp("prometheus")) as server:
        yield server


def test_every_worker_is_scraped(prometheus: Server) -> None:
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}

    def up() -> bool:
        return {found["metric"]["job"] for found in prometheus.series("up == 1")} == jobs

    wait_until(up, lambda: str(prometheus.get("targets")["activeTargets"]))


def test_every_series_that_rules_and_dashboards_name_exists(prometheus: Server) -> None:
    missing = {selector.text for expr in SHOWN.values() for selector in selectors(expr)}
    assert len(missing) > 30

    def found_all() -> bool:
        missing.difference_update([text for text in missing if prometheus.series(text)])
        return not missing

    wait_until(found_all, lambda: f"no series for {sorted(missing)}")


@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_every_expression_evaluates(prometheus: Server, expr: str) -> None:
    assert isinstance(prometheus.series(expr), list)


def test_rules_are_evaluated(prometheus: Server) -> None:
    def states() -> set[str]:
        return {rule["health"] for group in prometheus.get("rules")["groups"] for rule in group["rules"]}

    wait_until(lambda: states() == {"ok"}, lambda: str(prometheus.get("rules")))
    assert {alert["name"] for alert in _rules(prometheus)} == {rule["alert"] for rule in ALERTS}


def test_a_working_deployment_raises_nothing_about_its_workers(prometheus: Server) -> None:
    names = (
        "CoppiceWorker(Down|Restarting)|CoppiceNo(Sanitizer|RightsWorker)|CoppicePolicy.*|CoppiceConsent(Stale|Behind)"
    )
    wrong = f'ALERTS{{alertname=~"{names}"}} or ALERTS{{alertname="CoppiceWorkerNotReady", job!="coppice-deliver-in"}}'
    wait_until(lambda: not prometheus.series(wrong), lambda: str(prometheus.series(wrong)))


def test_a_refused_credential_is_told(prometheus: Server) -> None:
    told = prometheus.told
    wait_until(lambda: told.of("CoppiceCredentialsRefused"), lambda: str(prometheus.get("alerts")))
    receiver, alert = told.of("CoppiceCredentialsRefused")[0]
    assert receiver == "pages"
    assert (alert["labels"]["region"], alert["labels"]["why"]) == ("in", "unauthorized")
    assert alert["annotations"]["runbook"] == "runbooks/CoppiceCredentialsRefused.md"


def test_what_a_halted_region_holds_grows_old_and_nothing_else_does(prometheus: Server) -> None:
    ages = "coppice_topic:oldest_uncommitted_record_age_seconds:max"

    def old() -> set[str]:
        return {found["metric"]["topic"].partition(".")[2] for found in prometheus.series(f"{ages} > 5")}

    wait_until(lambda: old() == {"events.clean.in"}, lambda: str(prometheus.series(ages)))


def test_a_kill_switch_is_told_and_so_is_its_end(prometheus: Server, deployment: Deployment) -> None:
    told, settings = prometheus.told, deployment.policy_settings
    assert not told.of("CoppiceKillSwitchCohort")
    write_yaml(settings, {**read_yaml(settings), "kill_switch": {"cohorts": ["US/teen"]}})
    wait_until(lambda: told.of("CoppiceKillSwitchCohort"), lambda: str(prometheus.get("alerts")))
    assert {alert["labels"]["cohort"] for _, alert in told.of("CoppiceKillSwitchCohort")} == {"US/teen"}
    shutil.copyfile(DEMO_SETTINGS, settings)
    wait_until(lambda: told.of("CoppiceKillSwitchCohort", "resolved"), lambda: str(prometheus.get("alerts")))


def test_an_unreadable_consent_record_is_told_without_what_it_holds(prometheus: Server, deployment: Deployment) -> None:
    told = prometheus.told
    wait_until(lambda: prometheus.series("coppice_consent_unreadable_total"), lambda: "not scraped")
    assert not told.of("CoppiceConsentUnreadable")
    with deployment.publisher() as publisher:
        publisher.publish_raw(UNREADABLE, b"nobody-may-see-this", topic=deployment.topic("consent"))
    wait_until(lambda: told.of("CoppiceConsentUnreadable"), lambda: str(prometheus.get("alerts")))
    assert [receiver for receiver, _ in told.of("CoppiceConsentUnreadable")][:1] == ["pages"]
    assert "nobody-may-see-this" not in str(told.alerts)


def _rules(prometheus: Server) -> list[dict[str, str]]:
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    return [rule for rule in rules if rule["type"] == "alerting"]
