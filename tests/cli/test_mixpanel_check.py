"""`coppice mixpanel check`: what an SRE sees before the first start with a real project."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from pipeline.deliver.residency import CANARY_EVENT
from pipeline.ops.errors import ConfigError
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.mixpanel_answers import json_answer
from pipeline.sandbox.mixpanel_faults import Fault

PROJECT = sandbox_project("us")
SECRETS = (PROJECT.secret + "-4711", "wrong-4712")


@pytest.fixture
def us() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(PROJECT, region="us") as standin:
        standin.change_secret(SECRETS[0])
        yield standin


def environment(standin: MixpanelStandIn, **changes: str) -> Mapping[str, str]:
    given = {
        "HOST": standin.url,
        "EXPORT_HOST": standin.url,
        "PROJECT_ID": PROJECT.project_id,
        "TOKEN": PROJECT.token,
        "SERVICE_ACCOUNT_USER": PROJECT.service_account_user,
        "SERVICE_ACCOUNT_SECRET": SECRETS[0],
        **changes,
    }
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("COPPICE_")},
        **{f"COPPICE_MIXPANEL__US__{name}": value for name, value in given.items()},
        "COPPICE_DELIVER__RETRY_BASE_S": "0.05",
        "COPPICE_DELIVER__RETRY_CAP_S": "0.1",
        "COPPICE_DELIVER__RETRY_JITTER_S": "0",
    }


def check(standin: MixpanelStandIn, *arguments: str, **changes: str) -> tuple[int, str, str]:
    """Run it in this process; a ConfigError becomes what `coppice` makes of it."""
    done = CliRunner().invoke(
        cli, ["mixpanel", "check", "--region", "us", *arguments], env=environment(standin, **changes)
    )
    assert done.exception is None or isinstance(done.exception, ConfigError), done.exception
    shown = "" if done.exception is None else f"coppice: {done.exception}\n"
    assert not any(secret in done.output + shown for secret in (*SECRETS, PROJECT.token))
    return 2 if shown else done.exit_code, done.output, shown


def test_a_refusal_is_one_line_and_status_2(us: MixpanelStandIn) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "mixpanel", "check", "--region", "us"],
        env=environment(us, SERVICE_ACCOUNT_SECRET=SECRETS[1]),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("coppice: ")
    assert done.stderr.count("\n") == 1
    assert "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRET" in done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in (*SECRETS, PROJECT.token))


def test_all_is_well_and_nothing_is_stored(us: MixpanelStandIn) -> None:
    status, out, err = check(us)
    assert (status, err) == (0, "")
    assert PROJECT.project_id in out
    assert us.url in out
    assert "accepted" in out
    assert "not sent" in out
    assert us.events() == []


@pytest.mark.parametrize("by", ["option", "setting"])
def test_a_canary_is_sent_and_found(us: MixpanelStandIn, by: str) -> None:
    us.export.options.visible_s = 0.2
    us.export.options.a_second = 100
    given = check(us, "--canary") if by == "option" else check(us, RESIDENCY_CHECK="canary")
    assert (given[0], given[2]) == (0, "")
    assert "found in the project" in given[1]
    assert [event["event"] for event in us.events()] == [CANARY_EVENT]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SERVICE_ACCOUNT_SECRET": SECRETS[1]}, "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_SECRET"),
        ({"PROJECT_ID": "7"}, "COPPICE_MIXPANEL__US__SERVICE_ACCOUNT_USER"),
        ({"TOKEN": "another"}, "COPPICE_MIXPANEL__US__TOKEN"),
        ({"TOKEN": ""}, "COPPICE_MIXPANEL__US__TOKEN"),
        ({"HOST": "http://127.0.0.1:1"}, "no answer"),
        ({"HOST": "https://api-in.mixpanel.com"}, "COPPICE_MIXPANEL__US__HOST"),
        ({"EXPORT_HOST": "https://data-in.mixpanel.com"}, "COPPICE_MIXPANEL__US__EXPORT_HOST"),
    ],
)
def test_a_wrong_pair_is_one_message_with_the_way_out(us: MixpanelStandIn, changes: dict[str, str], named: str) -> None:
    status, _, err = check(us, **changes)
    assert status == 2
    assert err.startswith("coppice: ")
    assert err.count("\n") == 1
    assert named in err


@pytest.mark.parametrize(
    ("case", "named"),
    [("lost", "is not in project"), ("elsewhere", "another region's host"), ("no export", "RESIDENCY_CHECK=probe")],
)
def test_a_canary_that_is_not_found_is_one_message(us: MixpanelStandIn, case: str, named: str) -> None:
    us.export.options.a_second = 100
    if case == "lost":
        us.fail("lost", None)
    elif case == "elsewhere":
        us.export.options.endpoint = "api-in.mixpanel.com"
    else:
        us.export.script.add(Fault(json_answer(403, {"error": "no"})))
    status, out, err = check(us, "--canary", "--wait", "0.3")
    assert status == 2
    assert "accepted" in out
    assert named in err
    assert err.count("\n") == 1
