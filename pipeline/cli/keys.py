"""`coppice keys`: the secrets that pseudonyms are computed with."""

import json
import os
from pathlib import Path

import click

from pipeline.ops.errors import ConfigError
from pipeline.workers.keys import new_key_file


@click.group()
def keys() -> None:
    """Make the secrets that pseudonyms are computed with."""


@keys.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path) -> None:
    """Write a new key ring to FILE, readable by its owner only. An existing file is never overwritten."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"{file} exists: new keys would cut every person off from her past; choose another name"
        ) from None
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(new_key_file(), out, indent=2)
        out.write("\n")
    click.echo(f"{file}: new keys for both regions; keep a copy in the secret store, without it nobody can be erased")
