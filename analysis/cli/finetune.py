"""``finetune`` what a plan keeps."""

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
from prunescope.cli.terminal import console, count, print_json, reporting
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.store.folder import Study
from prunescope.store.trust import require_vouched

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
        bench = prepare(require_vouched(opened.manifest.reference))
        result = run(bench, opened, chosen, settings, progress, test)
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
