"""``verify`` a plan: apply it for real and measure it."""

from typing import Annotated

import typer

from prunescope.api.studies import open_study
from prunescope.cli.read_arguments import use_threads
from prunescope.cli.shared_options import (
    JobOption,
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
)
from prunescope.cli.terminal import console, count, print_json, reporting


def verify(
    study: StudyArgument,
    plan: PlanArgument,
    split: Annotated[
        str, typer.Option("--split", help="validation; test only for the final report.")
    ] = "validation",
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Apply a plan for real and measure it, beside what was predicted."""
    with reporting(job, quiet=json) as progress:
        opened = open_study(study)
        chosen = opened.read_plan(plan)
        use_threads(threads)
        row = opened.verify(chosen, split, progress)
    if json:
        print_json(row)
        return
    drop = row.drop
    console.print(
        f"{row.score:.2%} on {count(row.samples)} {split} samples: drop "
        f"{100 * drop.mean:.2f} points ({100 * drop.low:.2f} to {100 * drop.high:.2f}, 95 %); "
        f"{count(row.removed)} weights removed."
    )
    if row.predictor:
        console.print(f"Predicted ({row.predictor}): {100 * row.predicted_drop:.2f} points.")
    else:
        from prunescope.planning.prediction.plan_parts import sweep_command

        gaps = opened.predict(chosen).missing
        command = sweep_command(chosen, gaps, str(study))
        console.print(f"Not predicted: a part was never measured. {command}", highlight=False)
