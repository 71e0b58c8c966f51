"""What the commands share on a terminal: consoles, the progress bar, and jobs."""

import contextlib
import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from prunescope.cli.interrupt import interruptible
from prunescope.progress import Progress, Silent
from prunescope.study import Manifest
from prunescope.text.cut import shortfall
from prunescope.text.sweep_costs import work_done

_PIPED_WIDTH: Final = 140

console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
errors = Console(stderr=True, soft_wrap=True)


class TerminalProgress:
    """A progress bar with remaining time on the error stream, shown once there are steps."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None, visible=False, figures="")

    def start(self, total: int, message: str) -> None:
        """Show a bar of ``total`` steps; none for nothing to do."""
        if not total:
            return
        self._bar.reset(self._task, total=total, description=message, visible=True, figures="")
        self._bar.start()

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Move the bar and name the last step and its values."""
        shown = "  ".join([message, *(f"{k} {v:.4g}" for k, v in values.items())]).strip()
        self._bar.update(self._task, advance=steps, description=shown or None)

    def stand(self, **figures: float) -> None:
        """Show a sweep's points and multiply-accumulates beside the bar."""
        self._bar.update(self._task, figures=work_done(figures))

    def cancelled(self) -> bool:
        """Return False: on a terminal Ctrl-C asks (see ``prunescope.cli.interrupt``)."""
        return False


@contextlib.contextmanager
def reporting(job: Path | None, quiet: bool = False) -> Iterator[Progress]:
    """Yield where a run reports to: a job's folder, a progress bar, or nowhere."""
    if job is not None:
        from prunescope.jobs import running

        with running(job) as progress:
            yield progress
    elif quiet:
        with interruptible(Silent()) as progress:
            yield progress
    else:
        columns = (
            TextColumn("{task.description:<32.32}"), BarColumn(20), TaskProgressColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[figures]}"),
        )  # fmt: skip
        bar = Bar(*columns, console=errors, transient=True)  # each command ends with a summary
        try:
            with interruptible(TerminalProgress(bar)) as progress:
                yield progress
        finally:
            if bar.live.is_started:
                bar.stop()


def say_problem(manifest: Manifest) -> None:
    """Print, before all else, why a model has no graph, or which part of it a study is about."""
    if problem := shortfall(manifest):
        errors.print(problem, highlight=False, markup=False)


def print_json(value: object) -> None:
    """Print ``value``, a dataclass or plain values, as JSON on the output stream; NaN is null."""
    plain: Any = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    console.print_json(json.dumps(_strict(plain), ensure_ascii=False, default=str))


def _strict(value: Any) -> Any:
    """The same with None for NaN and infinities, which JSON does not know."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return value
