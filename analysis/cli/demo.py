"""``demo``: sweep a sample model while the dashboard shows its curves."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.dashboard import LOOK, BrowserOption, FolderArgument, PortOption, dashboard
from prunescope.cli.terminal import errors
from prunescope.commands import Calibrate, Request, Sweep, Time
from prunescope.jobs import ACTIVE, Job, start


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
    study = folder.resolve() / f"demo-{model}"
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
    sample, data = f"sample:{model}", "sample:fashion-mnist"
    units = "head" if model == "vit" else "channel"
    return (
        Sweep(
            sample,
            data=data,
            methods=("magnitude", "taylor", "wanda", "random"),
            sparsities="0.1:0.9:0.1,0.95",
        ),
        Sweep(
            sample,
            data=data,
            methods=tuple(f"{criterion}@{units}" for criterion in ("l1", "taylor", "random")),
            recovery=("none", "ls"),
        ),
        Calibrate(plans=12),
        Time(batch=32, budget=90),
    )
