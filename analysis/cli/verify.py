"""``verify`` a plan: apply it for real and measure it."""

from typing import Annotated

import typer

from prunescope.api.open_study import open_study
from prunescope.cli.read_arguments import use_device, use_threads
from prunescope.cli.shared_options import (
    DeviceOption,
    JobOption,
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
)
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.study.grid import check_names
from prunescope.study.recoveries import RECOVERIES
from prunescope.text.numbers import counted


def verify(
    study: StudyArgument,
    plan: PlanArgument,
    split: Annotated[
        str, typer.Option("--split", help="validation; test only for the final report.")
    ] = "validation",
    recovery: Annotated[
        str,
        typer.Option(
            "--recovery",
            help=f"Instead of the plan's, saved as PLAN-RECOVERY: {', '.join(RECOVERIES)}.",
        ),
    ] = "",
    threads: ThreadsOption = 0,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Apply a plan for real and measure it, beside what was predicted."""
    with reporting(job, quiet=json) as progress:
        opened = open_study(study)
        say_problem(opened.manifest)
        chosen = opened.read_plan(plan)
        if recovery:
            check_names("recovery", (recovery,), RECOVERIES)
            chosen = chosen.with_recovery(recovery)
            opened.save(chosen)
        use_threads(threads)
        use_device(device)
        row = opened.verify(chosen, split, progress)
    if json:
        print_json(row.plain())
        return
    drop, words = row.drop, row.words
    console.print(
        f"{words.score(row.score)} on {counted(row.samples, f'{split} sample')}: "
        f"{words.loss_word} {words.drop(drop.mean)} ({words.span(drop)}: 95 % interval of the mean "
        f"{words.loss_word}); "
        f"{counted(row.removed, 'weight')} removed."
    )
    for own, score, lost in row.by_others():
        console.print(
            f"{own.name} {own.score(score)}: {own.loss_word} {own.drop(lost.mean)} "
            f"({own.span(lost)}, 95 %)."
        )
    if row.predictor:
        console.print(f"Predicted ({row.predictor}): {words.drop(row.predicted_drop)}.")
    else:
        from prunescope.planning.prediction.plan_parts import missing_sweeps

        gaps = opened.predict(chosen).missing
        lines = " && ".join(sweep.line(study) for sweep in missing_sweeps(chosen, gaps))
        console.print(f"Not predicted: a part was never measured. {lines}", highlight=False)
