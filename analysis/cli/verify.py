"""``verify`` a plan: apply it for real and measure it."""

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
from prunescope.cli.terminal import console, print_json, reporting
from prunescope.store.folder import Study
from prunescope.text.numbers import counted
from prunescope.text.units import percent, points, span


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
        opened = Study.open(study)
        chosen = read_plan(opened, plan)
        from prunescope.bench.workbench import prepare
        from prunescope.sweep.verify_plan import verify_plan

        use_threads(threads)
        progress.start(1, "measuring the plan")
        bench = prepare(opened.manifest.reference)
        row = verify_plan(bench, opened, chosen, split)
        progress.advance(1, "measured")
    if json:
        print_json(row)
        return
    from prunescope.statistics.paired import paired_interval

    drop = paired_interval(row.samples, row.drop_sum, row.drop_squares)
    console.print(
        f"{percent(row.score_sum / row.samples, 2)} on {counted(row.samples, f'{split} sample')}: "
        f"drop {points(drop.mean)} ({span(drop)}, 95 %); {counted(row.removed, 'weight')} removed."
    )
    if row.predictor:
        console.print(f"Predicted ({row.predictor}): {points(row.predicted_drop)}.")
    else:
        from prunescope.planning.prediction.plan_parts import missing_sweeps
        from prunescope.planning.prediction.predict import predict

        gaps = predict(opened.manifest, chosen, opened.measured(), opened.verified()).missing
        lines = " && ".join(sweep.line(study) for sweep in missing_sweeps(chosen, gaps))
        console.print(f"Not predicted: a part was never measured. {lines}", highlight=False)
