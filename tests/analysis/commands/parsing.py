"""The real commands, to read arguments with."""

from typing import Any

import typer

from prunescope.cli.app import application


def command_named(name: str) -> Any:
    """Return the command that typer builds for ``name``."""
    return typer.main.get_command(application([name])).commands[name]  # type: ignore[attr-defined]
