"""``finetune`` and ``export`` a plan."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.arguments import read_plan, use_threads
from prunescope.cli.options import JobOption, JsonOption, PlanArgument, StudyArgument, ThreadsOption
from prunescope.cli.terminal import console, count, print_json, reporting, size
from prunescope.errors import PrunescopeError
from prunescope.recovery.training.report import FineTuning
from prunescope.store.folder import Study

_USUAL = FineTuning()


def finetune(
    study: StudyArgument,
    plan: PlanArgument,
    epochs: Annotated[int, typer.Option("--epochs", min=1)] = _USUAL.epochs,
    rate: Annotated[float, typer.Option("--rate", help="Peak learning rate.")] = _USUAL.rate,
    batch: Annotated[int, typer.Option("--batch", min=1)] = _USUAL.batch,
    distillation: Annotated[
        float, typer.Option("--distillation", help="Weight of the dense model's word, 0 to 1.")
    ] = _USUAL.distillation,
    temperature: Annotated[
        float, typer.Option("--temperature", help="Of the distillation.")
    ] = _USUAL.temperature,
    seed: Annotated[int, typer.Option("--seed")] = _USUAL.seed,
    test: Annotated[
        bool, typer.Option("--test", help="Report the test split too; only for the final report.")
    ] = False,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Train what a plan keeps, zeros staying zero; Ctrl-C keeps the best so far."""
    with reporting(job, quiet=json) as progress:
        opened = Study.open(study)
        chosen = read_plan(opened, plan)
        from prunescope.bench.workbench import prepare
        from prunescope.recovery.training.finetune import finetune as run

        settings = FineTuning(
            epochs=epochs, rate=rate, batch=batch, distillation=distillation,
            temperature=temperature, seed=seed,
        )  # fmt: skip
        use_threads(threads)
        result = run(prepare(opened.manifest.reference), opened, chosen, settings, progress, test)
    if json:
        print_json(result)
        return
    before, after = result.before, result.after
    console.print(
        f"Before {before.score_sum / before.samples:.2%}, "
        f"after {after.score_sum / after.samples:.2%}"
        f" on {count(after.samples)} validation samples, {result.seconds:.0f} s. "
        f"Export it: prunescope export {study} {plan} --recovered"
    )


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
            prepare(opened.manifest.reference), opened, chosen, formats.split(","), output,
            recovered, progress,
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
