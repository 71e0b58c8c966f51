"""``calibrate``: measure a few combinations, so that predictions come with a known error."""

from typing import Annotated

import typer
from rich.table import Table

from prunescope.api.open_study import open_study
from prunescope.cli.read_arguments import use_device, use_threads
from prunescope.cli.shared_options import (
    DeviceOption,
    JobOption,
    JsonOption,
    RecoveryOption,
    StudyArgument,
    ThreadsOption,
)
from prunescope.cli.terminal import console, errors, print_json, reporting, say_problem
from prunescope.text.numbers import counted


def calibrate(
    study: StudyArgument,
    plans: Annotated[int, typer.Option("--plans", min=1, help="Combinations to measure.")] = 16,
    recovery: RecoveryOption = "none",
    threads: ThreadsOption = 0,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Measure combinations that tell how far predictions of this study can be trusted."""
    with reporting(job, quiet=json) as progress:
        opened = open_study(study)
        say_problem(opened.manifest)
        use_threads(threads)
        use_device(device)
        found = opened.calibrate(plans, recovery, progress)
    if json:
        print_json(found)
        return
    errors.print(
        f"{found.measured} plans measured, {found.measured_before} known before, {found.left} left."
    )
    for refusal in found.refused:
        errors.print(f"Not measured: {refusal}", highlight=False, markup=False)
    for sentence in found.shortfall():
        errors.print(sentence, highlight=False)
    if found.error is None:
        return
    words = found.words
    table = Table(*found.RANKING)
    for row in found.ranking():
        table.add_row(*row)
    console.print(table)
    console.print(
        f"In force: {found.predictor}, off by {words.drop(found.error.mean)} on average over "
        f"{counted(found.error.plans, 'verified plan')} of this study, each predicted from the "
        "others."
    )
    console.print(found.how_judged(), highlight=False)
