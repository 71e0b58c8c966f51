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
from prunescope.cli.terminal import console, count, print_json, reporting
from prunescope.store.folder import Study
from prunescope.store.trust import require_vouched


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
        bench = prepare(require_vouched(opened.manifest.reference))
        row = verify_plan(bench, opened, chosen, split)
        progress.advance(1, "measured")
    if json:
        print_json(row)
        return
    from prunescope.statistics.paired import paired_interval

    drop = paired_interval(row.samples, row.drop_sum, row.drop_squares)
    console.print(
        f"{row.score_sum / row.samples:.2%} on {count(row.samples)} {split} samples: drop "
        f"{100 * drop.mean:.2f} points ({100 * drop.low:.2f} to {100 * drop.high:.2f}, 95 %); "
        f"{count(row.removed)} weights removed."
    )
    if row.predictor:
        console.print(f"Predicted ({row.predictor}): {100 * row.predicted_drop:.2f} points.")
    else:
        from prunescope.planning.prediction.plan_parts import sweep_command
        from prunescope.planning.prediction.predict import predict

        gaps = predict(opened.manifest, chosen, opened.measured(), opened.verified()).missing
        command = sweep_command(chosen, gaps, str(study))
        console.print(f"Not predicted: a part was never measured. {command}", highlight=False)
