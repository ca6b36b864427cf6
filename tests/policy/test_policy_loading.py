"""Policy and settings files: what is shipped loads, and everything that is wrong is said at once, with its place."""

import re
import textwrap
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import SHIPPED, load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.vocabulary import Cohort, PropertyClass, Purpose, Region

DEMO = Path(__file__).parents[2] / "pipeline" / "sandbox" / "demo-settings.yaml"


@pytest.fixture
def loaded(tmp_path: Path) -> "Loader":
    return Loader(tmp_path / "mine.yaml")


class Loader:
    """Loads a settings text laid over the shipped file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str) -> CompiledPolicy:
        self.path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return load_policy(self.path)

    def problems(self, text: str) -> list[str]:
        with pytest.raises(PolicyError) as caught:
            self(text)
        assert str(caught.value) == "the policy cannot be used:\n" + "\n".join(f"  {p}" for p in caught.value.problems)
        return caught.value.problems


def test_shipped_policy_is_the_conservative_one() -> None:
    policy = load_policy()
    assert policy.gates == {}
    assert policy.primary_child
    assert policy.kids_rules
    assert policy.own_region_only
    assert not policy.provider
    assert not policy.internal_ops
    assert not policy.us_adult_opt_out
    assert policy.teen_list == "child"
    assert not any(policy.notices.values())
    assert "self_declared" not in policy.age_sources[Region.US] | policy.age_sources[Region.IN]
    assert not policy.disclosure_methods & {"email_plus", "text_plus"}
    assert {"email_plus", "text_plus"} <= policy.parental_methods
    assert policy.rotation_ms[Cohort.US_CHILD] == 30 * 86_400_000
    assert policy.rotation_ms[Cohort.US_ADULT] == 365 * 86_400_000
    assert set(policy.rotation_ms) == set(Cohort)
    assert re.fullmatch("[0-9a-f]{64}", policy.sha256)


def test_no_way_out_is_shipped_where_the_law_has_none() -> None:
    ways = load_policy().decisions
    closed = {Cohort.IN_CHILD, Cohort.IN_UNKNOWN, Cohort.XX}
    assert not [key for key, ways_out in ways.items() if ways_out and key[0] in closed]
    minors = {Cohort.US_CHILD, Cohort.US_TEEN, Cohort.US_UNKNOWN}
    assert not [
        c for (c, purpose), ways_out in ways.items() if ways_out and purpose is Purpose.MARKETING and c in minors
    ]
    assert not [c for (c, purpose), ways_out in ways.items() if ways_out and purpose is Purpose.AI_TRAINING]
    assert not [c for (c, purpose) in ways if c is Cohort.US_UNKNOWN and purpose is not Purpose.ESSENTIAL]


def test_demo_settings_load() -> None:
    policy = load_policy(DEMO)
    assert set(policy.gates) == {Cohort.US_CHILD, Cohort.US_TEEN, Cohort.US_ADULT, Cohort.IN_ADULT}
    assert policy.age_sources[Region.IN] == {"id_document"}
    assert policy.disclosure_methods == {"card_payment", "video_call"}
    assert policy.parental_methods == {"card_payment", "video_call", "email_plus"}
    assert not policy.internal_ops
    assert not policy.provider
    assert not policy.kids_rules
    assert not policy.primary_child
    assert not policy.own_region_only


def test_settings_file_replaces_key_by_key(loaded: Loader) -> None:
    policy = loaded(
        """
        version: mine-1
        consent:
          own_methods:
            us: [kiosk]
        """
    )
    shipped = load_policy()
    assert policy.version == "mine-1"
    assert policy.own_methods[Region.US] == {"kiosk"}  # a list is replaced whole
    assert policy.own_methods[Region.IN] == shipped.own_methods[Region.IN]
    assert policy.parental_methods == shipped.parental_methods


def test_hash_tells_policies_apart(loaded: Loader) -> None:
    one, two = loaded("version: a"), loaded("version: b")
    assert len({one.sha256, two.sha256, load_policy().sha256}) == 3
    assert loaded("version: a").sha256 == one.sha256


@pytest.mark.parametrize("day", ["2026-11-25", "9999-12-31", "1970-01-01"])
def test_gate_is_open_to_the_end_of_its_last_day(loaded: Loader, day: str) -> None:
    policy = loaded(f"vendor_gate: {{us_adult: {{document: D, until: {day}}}}}")
    (end,) = policy.gates.values()
    assert datetime.fromtimestamp((end - 1) / 1000, UTC).date().isoformat() == day
    assert end % 86_400_000 == 0


def test_every_problem_is_said_at_once_with_file_and_line(loaded: Loader) -> None:
    problems = loaded.problems(
        """
        version: mine
        coppa:
          audience: everybody
          colour: red
        vendor_gate:
          us_child: {document: D, until: soon}
          us_grandparents: null
        anon: {k: 3}
        send_age_band: true
        consent:
          own_methods:
            us: [in_app, "Not A Word"]
        pseudonym:
          rotation_days: {minor: 31}
        """
    )
    places = {p.partition(": ")[0] for p in problems}
    assert places == {f"mine.yaml:{line}" for line in (3, 4, 6, 7, 8, 9, 12, 14)}
    text = "\n".join(problems)
    for key in (
        "coppa.audience", "coppa.colour", "vendor_gate.us_child.until", "vendor_gate.us_grandparents", "anon.k",
        "send_age_band", "consent.own_methods.us.1", "pseudonym.rotation_days.minor",
    ):  # fmt: skip
        assert key in text
    assert "'primary_child' or 'mixed'" in text  # what would be valid
    assert len(problems) == 8


def test_misspelt_setting_is_not_ignored(loaded: Loader) -> None:
    (problem,) = loaded.problems("us_child:\n  internal_ops_to_mixpannel: true\n")
    assert problem.startswith("mine.yaml:2: us_child.internal_ops_to_mixpannel: ")


@pytest.mark.parametrize("method", ["email_plus", "text_plus"])
def test_email_plus_never_proves_disclosure(loaded: Loader, method: str) -> None:
    (problem,) = loaded.problems(
        f"""
        consent:
          parental_methods:
            with_disclosure: [card_payment, {method}]
        """
    )
    assert problem.startswith("mine.yaml:3: consent.parental_methods.with_disclosure: ")
    assert method in problem
    assert "without_disclosure" in problem


def test_audience_of_children_cannot_be_screened(loaded: Loader) -> None:
    (problem,) = loaded.problems("age_sources:\n  us: [id_document, age_screen]\n")
    assert problem.startswith("mine.yaml:2: age_sources.us: age_screen ")
    assert "id_document" in problem
    loaded("coppa: {audience: mixed}\nage_sources:\n  us: [id_document, age_screen]\n")


def test_contradictions_are_said_together(loaded: Loader) -> None:
    problems = loaded.problems(
        """
        age_sources: {us: [self_declared]}
        consent: {parental_methods: {with_disclosure: [text_plus]}}
        """
    )
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1", "mine.yaml:"),
        ("version: a\nversion: b\n", "mine.yaml:2: "),
        ("version: a\n\tb: c\n", "mine.yaml:2: "),
        ("- version\n", "mine.yaml:1: "),
        ("just text", "mine.yaml:1: "),
        ("", "mine.yaml:1: "),
        ("version: !!python/object:os.system x\n", "mine.yaml:1: "),
    ],
    ids=repr,
)
def test_file_that_is_no_mapping(loaded: Loader, text: str, where: str) -> None:
    (problem,) = loaded.problems(text)
    assert problem.startswith(where)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path):
        with pytest.raises(PolicyError, match=r"cannot be read"):
            load_policy(path)
    (tmp_path / "latin.yaml").write_bytes(b"version: \xe9\n")
    with pytest.raises(PolicyError, match=r"latin\.yaml: cannot be read"):
        load_policy(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "india_child: {mode: keep}",
        "us_child: {geo: city}",
        "adult: {ad_ids: keep}",
        "withdrawal: {queued_events: deliver}",
        "age_transition: carry_over",
        "india: {fourth_schedule_a3: true}",
        "india: {dpdp_in_force: false}",
        "anon: {k: 19}",
        "pseudonym: {rotation_days: {adult: 366}}",
        "retention: {mixpanel_minor_days: 0}",
        "vendor_gate: {us_adult: open}",
        "vendor_gate: {us_adult: {document: D}}",
        "vendor_gate: {us_adult: {until: 2099-12-31}}",
        "vendor_gate: {us_adult: {document: '', until: 2099-12-31}}",
        "vendor_gate: {in_child: {document: D, until: 2099-12-31}}",  # no document opens it
        "mixpanel: {coppa_role: friend}",
        "coppa: mixed",
        "coppa: null",
        "version: ''",
        "version: 'has blanks'",
        "version: 5",
        "apple: {kids_rules: perhaps}",
        "consent: {notice_versions: {us_adult: '2026-04'}}",
        "kill_switch: {all: perhaps}",
        "kill_switch: {regions: [fr]}",
        "kill_switch: {cohorts: [US/grandparent]}",
        "kill_switch: {everything: true}",
        "kill_switch: true",
    ],
)
def test_answer_that_is_not_offered(loaded: Loader, text: str) -> None:
    (problem,) = loaded.problems(text)
    assert problem.startswith("mine.yaml:1: ")


def test_region_files_name_the_law_of_every_way() -> None:
    for name in ("us.yaml", "india.yaml"):
        text = (SHIPPED / name).read_text(encoding="utf-8")
        assert text.count("law:") == text.count("require:") + text.count("rule:")
        assert text.count("require:") > 0
        assert text.count("rule:") == len(PropertyClass)


def test_every_class_has_a_rule_for_every_cohort() -> None:
    policy = load_policy()
    assert set(policy.classes) == set(product(Cohort, PropertyClass))
    for (cohort, _), ruled in policy.classes.items():
        assert re.fullmatch("R[0-9]{2}", ruled.rule)
        assert re.search("CFR|FTC|DPDP|Google Play|App Store", ruled.law)
        if cohort.startswith("IN"):
            assert "CFR" not in ruled.law
            assert "FTC" not in ruled.law
        elif cohort.startswith("US"):
            assert "DPDP" not in ruled.law
    assert set(policy.identifier_in_kept) == set(Cohort)
    assert policy.killed == frozenset()


@pytest.mark.parametrize(
    ("text", "killed"),
    [
        ("kill_switch: {all: true}", set(Cohort)),
        ("kill_switch: {regions: [us]}", {c for c in Cohort if c.startswith("US")}),
        ("kill_switch: {regions: [in]}", {c for c in Cohort if c.startswith("IN")}),
        ("kill_switch: {cohorts: [US/child, IN/adult]}", {Cohort.US_CHILD, Cohort.IN_ADULT}),
        ("kill_switch: {regions: [in], cohorts: [US/adult]}", {Cohort.US_ADULT} | {c for c in Cohort if c[:2] == "IN"}),
        ("kill_switch: {all: false}", set()),
    ],
)
def test_kill_switch_names_all_a_region_or_a_cohort(loaded: Loader, text: str, killed: set[Cohort]) -> None:
    assert loaded(text).killed == killed


def test_class_without_a_rule_is_said_with_its_region(tmp_path: Path) -> None:
    copied(tmp_path)
    for name, kind in (("us.yaml", "biometric"), ("india.yaml", "age")):
        file = tmp_path / name
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if not row.startswith(f"  {kind}: ")), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(directory=tmp_path)
    assert caught.value.problems == [
        "policy of region us: classes: biometric must have a rule",
        "policy of region in: classes: age must have a rule",
    ]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("action: shred", "classes.media.action"),
        ("action: {grown_up: keep}", "classes.media.action"),
        ("action: {adult: shred}", "classes.media.action"),
        ("action: drop, alarm: [baby]", "classes.media.alarm"),
        ("action: drop, colour: red", "classes.media.colour"),
    ],
)
def test_class_rule_that_says_nothing_known(tmp_path: Path, row: str, where: str) -> None:
    copied(tmp_path)
    file = tmp_path / "us.yaml"
    rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = (number for number, text in enumerate(rows) if text.startswith("  media: "))
    rows[place] = f"  media: {{law: 16 CFR 312.2, rule: R22, {row}}}\n"
    file.write_text("".join(rows), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(directory=tmp_path)
    assert any(p.startswith(f"us.yaml:{place + 1}: {where}") for p in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("row", ["law: 16 CFR 312.2, action: drop", "rule: R22, action: drop", "law: x, rule: R22"])
def test_class_rule_without_law_requirement_or_action_is_refused(tmp_path: Path, row: str) -> None:
    copied(tmp_path)
    file = tmp_path / "india.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^  media: .*$", f"  media: {{{row}}}", text), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"india\.yaml:\d+: classes\.media\."):
        load_policy(directory=tmp_path)


@pytest.mark.parametrize("action", ["keep", "scrub", "generalize"])
def test_identifier_that_is_found_cannot_be_let_out(tmp_path: Path, action: str) -> None:
    copied(tmp_path)
    file = tmp_path / "us.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            "identifier_in_kept: {child: drop_event", f"identifier_in_kept: {{child: {action}"
        ),
        encoding="utf-8",
    )
    with pytest.raises(PolicyError, match=r"us\.yaml:\d+: identifier_in_kept\.child"):
        load_policy(directory=tmp_path)


def copied(folder: Path) -> None:
    """Copy the shipped policy to a place where a test may change it."""
    for name in ("us.yaml", "india.yaml", "settings.yaml"):
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
