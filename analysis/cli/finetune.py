"""``finetune`` what a plan keeps."""

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
)
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted

_USUAL = FineTuning()


def finetune(
    study: StudyArgument,
    plan: PlanArgument,
    epochs: Annotated[int, typer.Option("--epochs", min=1)] = _USUAL.epochs,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Peak learning rate; without, a short range test chooses it."),
    ] = _USUAL.rate,
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
    """Train what a plan keeps, zeros staying zero.

    Ctrl-C keeps the best so far, and the same command goes on from there.
    """
    with reporting(job, quiet=json) as progress:
        opened = open_study(study)
        say_problem(opened.manifest.capture_problem)
        chosen = opened.read_plan(plan)
        use_threads(threads)
        result = opened.finetune(
            chosen, epochs, rate, batch, distillation, temperature, seed, test, progress
        )
    if json:
        print_json(result)
        return
    before, after, words = result.before, result.after, result.words
    console.print(
        f"Before {words.score(before.score)}, "
        f"after {words.score(after.score)}"
        f" on {counted(after.samples, 'validation sample')}, on which the best epoch is chosen, so "
        f"slightly optimistic; {spoken(result.seconds)}. "
        f"Export it: prunescope export {study} {plan} --recovered"
    )
    console.print(f"{result.happenings()} {result.ending_sentence()}")
