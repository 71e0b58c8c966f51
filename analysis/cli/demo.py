"""``demo``: sweep a sample model while the dashboard shows its curves."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from prunescope.cli.dashboard import LOOK, BrowserOption, FolderArgument, PortOption, dashboard
from prunescope.cli.terminal import errors
from prunescope.commands import Calibrate, Request, Sweep, Time
from prunescope.errors import UnknownName
from prunescope.jobs import ACTIVE, Job, start
from prunescope.sample_models.samples import DEMO, SAMPLES

UNIT_CRITERIA: Final = ("l1", "taylor", "random")


def demo(
    folder: FolderArgument = Path("studies"),
    model: Annotated[str, typer.Option("--model", help="A sample model.")] = "lenet5",
    port: PortOption = 8501,
    browser: BrowserOption = True,
    open_dashboard: Annotated[
        bool, typer.Option("--dashboard/--no-dashboard", help="Open it while the sweep runs.")
    ] = True,
) -> None:
    """Sweep a sample model on real data; the dashboard shows its curves from the first chunk on.

    Four jobs follow each other: curves of weights, curves of units, combined plans that judge the
    predictions, and smaller models that are timed. With the dashboard they run beside it.
    """
    study = folder.resolve() / f"{DEMO}{model}"
    requests = demo_jobs(model)
    for request in requests:
        errors.print(request.line(study), highlight=False)
        if open_dashboard:
            continue
        run = [sys.executable, "-P", "-m", "prunescope.cli", *request.arguments(study)]
        if code := subprocess.run(run, check=False).returncode:
            raise typer.Exit(code)
    if open_dashboard:
        first, *others = requests
        job = start(study, first)
        threading.Thread(target=_follow, args=(job, study, others), daemon=True).start()
        dashboard(folder, port, browser, "curves")


def _follow(job: Job, study: Path, requests: Sequence[Request]) -> None:
    """Queue the other jobs once the first one measures: until then they would only slow it."""
    while (state := job.state()) in ACTIVE and not job.snapshot().figures:
        time.sleep(LOOK)
    if state not in (*ACTIVE, "done"):  # without a study there is nothing to go on with
        return
    for request in requests:
        start(study, request)


def demo_jobs(model: str) -> tuple[Request, ...]:
    """Return the requests that make the demo's study, in their order."""
    if model not in SAMPLES:
        raise UnknownName.among("sample model", model, list(SAMPLES))
    name, sample = f"sample:{model}", SAMPLES[model]
    data, metric = f"sample:{sample.data}", sample.metric
    whole = ("bypass",) if sample.blocks else ()
    return (
        Sweep(
            name,
            data=data,
            metric=metric,
            methods=("magnitude", "taylor", "wanda", "random"),
            sparsities="0.1:0.9:0.1,0.95",
        ),
        Sweep(
            name,
            data=data,
            metric=metric,
            methods=(
                *(f"{criterion}@{unit}" for unit in sample.units for criterion in UNIT_CRITERIA),
                *whole,
            ),
            recovery=("none", "ls"),
        ),
        Calibrate(plans=12),
        Time(batch=32, budget=90),
    )
