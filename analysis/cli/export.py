"""``export`` a plan, every file reloaded and compared."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.read_arguments import read_plan, use_threads
from prunescope.cli.shared_options import (
    JobOption,
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
)
from prunescope.cli.terminal import console, print_json, reporting, size
from prunescope.errors import PrunescopeError
from prunescope.store.folder import Study
from prunescope.store.trust import require_vouched


def export(
    study: StudyArgument,
    plan: PlanArgument,
    formats: Annotated[
        str,
        typer.Option(
            "--formats",
            help="Comma-separated: safetensors, pt2, onnx, recipe (replay it too; a fine-tuned one "
            "brings safetensors).",
        ),
    ] = "safetensors,pt2,onnx,recipe",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder; the study's exports by default.")
    ] = None,
    recovered: Annotated[
        bool, typer.Option("--recovered", help="With the fine-tuned weights.")
    ] = False,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Write the pruned model, load every file in a fresh process, and compare it."""
    with reporting(job, quiet=json) as progress:
        opened = Study.open(study)
        chosen = read_plan(opened, plan)
        from prunescope.bench.workbench import prepare
        from prunescope.export.export_plan import export_plan

        use_threads(threads)
        report = export_plan(
            prepare(require_vouched(opened.manifest.reference)), opened, chosen,
            formats.split(","), output, recovered, progress,
        )  # fmt: skip
    if json:
        print_json(report)
    else:
        for each in report.formats:
            mark = "[green]verified[/]" if each.ok else "[red]not offered[/]"
            console.print(f"{each.file}  {size(each.bytes)}  {mark}")
            if each.reason:
                console.print(f"  {each.reason}")
    if not report.ok:
        raise PrunescopeError(
            "Expected every exported file to be what the study shows, but not all are. The ones "
            "that failed are renamed; see verification.json beside them."
        )
