"""``export`` a plan, every file reloaded and compared."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.open_study import open_study
from prunescope.cli.read_arguments import use_threads
from prunescope.cli.shared_options import (
    JobOption,
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
    named_path,
)
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.errors import PrunescopeError
from prunescope.export.export_report import ExportReport, FormatCheck
from prunescope.export.formats.format import MOST_LOST, Format
from prunescope.export.formats.registry import export_formats, usual_formats
from prunescope.text.cut import put_back
from prunescope.text.units import bytes_


def _named(kind: Format) -> str:
    return f"{kind.name} ({kind.note})" if kind.note else kind.name


def _measured(entry: FormatCheck) -> str:
    """Score and time of the reloaded file, as far as they were taken."""
    score, seconds = entry.score_in_words, entry.seconds_per_sample
    parts = [score] if score else []
    parts += [] if seconds is None else [f"{seconds * 1e3:.3g} ms"]
    return "".join(f"  {part}" for part in parts)


def export(
    study: StudyArgument,
    plan: PlanArgument,
    formats: Annotated[
        str,
        typer.Option(
            "--formats",
            help=f"Comma-separated: {', '.join(map(_named, export_formats()))}.",
        ),
    ] = ",".join(usual_formats()),
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Folder; the study's exports by default.",
            parser=named_path,
        ),
    ] = None,
    recovered: Annotated[
        bool, typer.Option("--recovered", help="With the fine-tuned weights.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files in it that Prunescope did not write, too."),
    ] = False,
    most_lost: Annotated[
        float,
        typer.Option(
            "--most-lost",
            help="Of the score, that files in coarser numbers (int8, fp16) may lose; 0.01 is a "
            "point.",
        ),
    ] = MOST_LOST,
    opset: Annotated[
        int | None,
        typer.Option("--opset", help="Of ONNX files; the one that torch writes by default."),
    ] = None,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Write the pruned model, load every file in a fresh process, and compare it."""
    with reporting(job, quiet=json) as progress:
        opened = open_study(study)
        say_problem(opened.manifest)
        chosen = opened.read_plan(plan)
        use_threads(threads)
        report = opened.export(
            chosen, output, formats.split(","), recovered, progress, force=force,
            most_lost=most_lost, opset=opset,
        )  # fmt: skip
    if json:
        print_json(report)
    show_files(report, quiet=json)
    cut = opened.manifest.reference.cut
    if cut is not None and not json:
        console.print(put_back(cut), highlight=False, markup=False)


def show_files(report: ExportReport, quiet: bool) -> None:
    """Print a line for each file of ``report``, unless ``quiet``.

    Raises:
        PrunescopeError: Not every file that was asked for is offered.
    """
    if not quiet:
        for each in report.formats:
            mark = "[green]verified[/]" if each.ok else "[red]not offered[/]"
            console.print(f"{each.file}  {bytes_(each.bytes)}{_measured(each)}  {mark}")
            if each.reason:
                console.print(f"  {each.reason}")
    if not report.ok:
        raise PrunescopeError(
            "Expected every exported file to be what the study shows, but not all are. The ones "
            "that failed are renamed; see verification.json beside them."
        )
