"""`coppice detect`: show which identifiers are found in a text, and what it reads like without them."""

import sys
from collections.abc import Iterator
from typing import IO, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from pipeline.detect.engine import scan
from pipeline.detect.scrub import scrub

WIDEST = 1 << 20  # characters of a line that are read; a longer one is opaque whatever follows


@click.command()
@click.argument(
    "source", metavar="[FILE|-]", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--text", help="Look into this text instead of a file.")
@click.option("--key", default="", help="The name of the property that would hold it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line instead of a table.")
def detect(source: str | None, text: str | None, key: str, *, as_json: bool) -> None:
    """Show what is found in FILE (- for standard input), line by line, or in --text.

    Columns of the findings count in the normalised text, which is shown. `scrubbed` is what an adult's opted-in free
    text would leave as, null where it would be dropped. Nothing is stored or logged; what you look into is printed.
    """
    if (source is None) == (text is None):
        raise click.UsageError("give FILE, - for standard input, or --text")
    if text is not None:
        reports = [report(1, text, key)]
        show(reports, as_json=as_json)
    elif source is not None:
        with click.open_file(source, encoding="utf-8", errors="replace") as file:
            show((report(number, line, key) for number, line in enumerate(lines(file), 1)), as_json=as_json)


def report(line: int, text: str, key: str) -> dict[str, Any]:
    """Return what is found in one line of text, as the JSON object that is printed."""
    text = text.encode(errors="replace").decode()  # arguments may hold bytes that are no text
    seen = scan(text, key)
    return {
        "line": line,
        "text": seen.text,
        "findings": [
            {
                "name": finding.detector.name,
                "class": finding.detector.kind,
                "law": finding.detector.law,
                "start": finding.start,
                "end": finding.end,
                "found": seen.text[finding.start : finding.end],
            }
            for finding in seen.findings
        ],
        "scrubbed": scrub(text),
    }


def lines(file: IO[str]) -> Iterator[str]:
    """Yield lines without their ends; of a line that is too long only as much as shows that it is."""
    while line := file.readline(WIDEST):
        rest = line
        while not rest.endswith("\n") and (rest := file.readline(WIDEST)):
            pass
        yield line.rstrip("\r\n")


def show(reports: Iterator[dict[str, Any]] | list[dict[str, Any]], *, as_json: bool) -> None:
    """Print reports as JSON lines, or those with findings as a table."""
    if as_json:
        for each in reports:
            sys.stdout.buffer.write(msgspec.json.encode(each) + b"\n")
        sys.stdout.flush()
        return
    table = Table("line", "found", "as", "class", "law", "leaves as")
    count = 0
    for count, each in enumerate(reports, 1):  # noqa: B007  # how many there were
        left = "(dropped)" if each["scrubbed"] is None else each["scrubbed"]
        for finding in each["findings"]:
            table.add_row(
                *map(plain, (each["line"], finding["found"], finding["name"], finding["class"], finding["law"], left))
            )
    if table.row_count:
        Console().print(table)
    else:
        click.echo(f"nothing found in {count} line{'' if count == 1 else 's'}")


def plain(value: Any) -> str:
    """Return a value as a cell that rich does not read as markup, and that cannot steer the terminal."""
    text = str(value).replace("[", "\\[")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
