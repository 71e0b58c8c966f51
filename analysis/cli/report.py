"""``report`` on a plan: one offline page with its numbers and a model card beside it."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.open_study import open_study
from prunescope.cli.read_arguments import use_threads
from prunescope.cli.shared_options import (
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
    named_path,
)
from prunescope.cli.terminal import console, print_json, reporting
from prunescope.text.units import bytes_


def report(
    study: StudyArgument,
    plan: PlanArgument,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="PATH", help="File of the page.", parser=named_path),
    ] = Path("report.html"),
    changed: Annotated[
        bool,
        typer.Option(
            "--changed/--no-changed",
            help="Run the model to see which samples changed, where nobody looked yet.",
        ),
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that Prunescope did not write, too.")
    ] = False,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
) -> None:
    """Write all that is known of a plan as one offline HTML file.

    The same numbers as JSON and CSV, and a model card for the exported files, lie beside it.
    """
    with reporting(None, quiet=json) as progress:
        opened = open_study(study)
        chosen = opened.read_plan(plan)
        progress.start(0, "writing the report")
        if changed:
            use_threads(threads)
        files = opened.report(chosen, output, changed, force)
    if json:
        print_json([str(file) for file in files])
        return
    for file in files:
        console.print(f"{file}  {bytes_(file.stat().st_size)}", highlight=False, markup=False)
