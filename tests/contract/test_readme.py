"""The README's example is the file that the tests run, and the files it points at exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_is_the_one_that_is_run() -> None:
    shown = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    code = (ROOT / "examples" / "publish_event.py").read_text(encoding="utf-8")
    assert code.partition('"""\n\n')[2] == shown[1]
    assert len([line for line in shown[1].splitlines() if line.strip()]) <= 10


def test_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
