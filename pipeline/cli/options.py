"""What several commands share: the settings option, and a console wide enough for a log."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pipeline.ops.settings import load_settings

LOG_WIDTH = 120


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--config`, and the settings it leads to as first argument. Raises ConfigError."""

    @click.option(
        "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML file of settings."
    )
    @functools.wraps(command)
    def wrapped(*args: Any, config: Path | None, **kwargs: Any) -> Any:
        return command(load_settings(config), *args, **kwargs)

    return wrapped


def console() -> Console:
    """Return a console; where there is no terminal to ask for its width, one that does not cut names short."""
    found = Console()
    return found if found.is_terminal else Console(width=LOG_WIDTH)
