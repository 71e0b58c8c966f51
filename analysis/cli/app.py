"""The ``prunescope`` command: its subcommands, its exit codes, and the one place for errors.

Exit codes: 0 done; 1 an error with its sentence; 2 wrong usage; 130 stopped by Ctrl-C.
"""

import importlib
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import typer
from rich.markup import escape

from prunescope.cli.terminal import errors
from prunescope.errors import Cancelled, PrunescopeError

_INTERRUPTED: Final = 130
COMMANDS: Final = (
    "inspect", "sweep", "show", "plan", "pareto", "verify", "calibrate", "finetune", "time",
    "export", "jobs", "trust", "dashboard", "demo",
)  # fmt: skip
"""In the order of the help; each is a function of that name in a file of that name."""


def application(asked: Sequence[str]) -> typer.Typer:
    """Return the command line for the arguments ``asked``.

    Where they begin with a command it holds that one alone: what the others import takes seconds,
    which a job's first point would wait for.
    """
    app = typer.Typer(
        name="prunescope",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        callback=_prunescope,
    )
    for name in asked[:1] if asked and asked[0] in COMMANDS else COMMANDS:
        module = importlib.import_module(f"prunescope.cli.{name}")
        app.command(name)(getattr(module, name))
    return app


def _prunescope() -> None:
    """See how much of a trained network can be removed before it breaks; choose; export."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        code = application(sys.argv[1:])(standalone_mode=False)
    except (PrunescopeError, Cancelled) as error:
        errors.print(f"[bold red]prunescope:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except typer._click.exceptions.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last one to hear of it tells the user
        _unexpected(error)
        sys.exit(1)
    if code == _INTERRUPTED:  # typer turns Ctrl-C into this code without a word
        errors.print("Stopped. What was finished is kept: the same command goes on from there.")
    sys.exit(code if isinstance(code, int) else 0)


def _unexpected(error: Exception) -> None:
    if os.environ.get("PRUNESCOPE_DEBUG"):
        traceback.print_exc()
        return
    with tempfile.NamedTemporaryFile(
        "w", prefix="prunescope-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    errors.print(
        f"[bold red]prunescope:[/] An error that Prunescope did not expect: "
        f"{type(error).__name__}: {escape(str(error)[:300])}\nWhat was finished is kept. The "
        f"details are in {Path(file.name)}; please report them.",
        highlight=False,
    )
