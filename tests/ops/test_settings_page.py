"""The page of settings is what the code says, and the sample files are files that load."""

from pathlib import Path

from ruamel.yaml import YAML

from pipeline.ops.settings import Settings, load_settings
from pipeline.ops.settings_names import leaves
from pipeline.ops.settings_page import render

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == render()


def test_every_setting_has_a_row_that_says_what_it_is() -> None:
    page = render()
    for leaf in leaves(Settings):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{'.'.join(leaf.path)}` |")]
        assert leaf.description
        assert leaf.description.partition("|")[0] in row


def test_the_minimal_sample_loads() -> None:
    settings = load_settings(DOCS / "samples" / "settings-minimal.yaml")
    assert settings.mixpanel.in_.project_id == "1000002"


def test_the_full_sample_loads_and_names_every_setting() -> None:
    path = DOCS / "samples" / "settings-full.yaml"
    load_settings(path)
    content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    excluded = {  # each of them excludes another one that is there
        ("keys",),
        ("kafka", "security", "sasl_password"),
        *(
            (("mixpanel", region, name))
            for region in ("us", "in")
            for name in ("service_account_secret", "privacy_token")
        ),
    }
    for leaf in leaves(Settings):
        if leaf.path not in excluded:
            at = content
            for part in leaf.path:
                assert part in at, leaf.path
                at = at[part]
