"""The ``prunescope`` command: its subcommands, its exit codes, and the one place for errors.

Exit codes: 0 done; 1 an error with its sentence; 2 wrong usage; 130 stopped by Ctrl-C; 141
nobody reads what is printed any more.
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

from prunescope.cli import closed_pipe
from prunescope.cli.terminal import errors
from prunescope.errors import Cancelled, PrunescopeError
from prunescope.user_code.memory import memory_sentence, out_of_memory
from prunescope.user_code.patience import listening

_INTERRUPTED: Final = 130
DEBUG: Final = "PRUNESCOPE_DEBUG"
"""Environment variable: with any value, the tracebacks behind errors are printed too."""
COMMANDS: Final = (
    "inspect", "sweep", "show", "plan", "pareto", "compare", "verify", "calibrate", "finetune",
    "time", "export", "report", "apply", "merge", "pack", "unpack", "jobs", "trust", "dashboard",
    "demo",
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
        with listening(_say, _refuse):
            code = application(sys.argv[1:])(standalone_mode=False)
            sys.stdout.flush()
    except (PrunescopeError, Cancelled) as error:
        _debug(error)
        _refuse(str(error))
        sys.exit(1)
    except SystemExit as error:  # nothing of ours leaves this way
        _leave_if_unread(error)
        _debug(error)
        _refuse(
            f"Expected the command to finish, but something in it called sys.exit({error.code!r}). "
            "Take that call out."
        )
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except typer._click.exceptions.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last one to hear of it tells the user
        _leave_if_unread(error)
        _unexpected(error)
        sys.exit(1)
    if code == _INTERRUPTED:  # typer turns Ctrl-C into this code without a word
        errors.print("Stopped. What was finished is kept: the same command goes on from there.")
    sys.exit(code if isinstance(code, int) else 0)


def _leave_if_unread(error: BaseException) -> None:
    if closed_pipe.reader_gone(error):
        closed_pipe.keep_quiet()
        sys.exit(closed_pipe.CODE)


def _say(message: str) -> None:
    errors.print(message, highlight=False, markup=False)


def _refuse(sentence: str) -> None:
    errors.print(f"[bold red]prunescope:[/] {escape(sentence)}", highlight=False)


def _debug(error: BaseException) -> None:
    """The traceback behind a sentence, for whoever asked for it: theirs may be the file to mend."""
    if os.environ.get(DEBUG) and error.__cause__ is not None:
        traceback.print_exception(error.__cause__)


def _unexpected(error: Exception) -> None:
    if os.environ.get(DEBUG):
        traceback.print_exc()
        return
    if out_of_memory(error):
        _refuse(memory_sentence(error))
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
