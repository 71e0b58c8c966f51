"""``demo``: sweep a sample model while the dashboard shows its curves."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.dashboard import LOOK, BrowserOption, FolderArgument, PortOption, dashboard
from prunescope.cli.terminal import errors
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
    commands = demo_jobs(study, model)
    for arguments in commands:
        errors.print("prunescope " + " ".join(arguments), highlight=False)
        if open_dashboard:
            continue
        run = [sys.executable, "-P", "-m", "prunescope.cli", *arguments]
        if code := subprocess.run(run, check=False).returncode:
            raise typer.Exit(code)
    if open_dashboard:
        first, *others = commands
        job = start(study, first)
        threading.Thread(target=_follow, args=(job, study, others), daemon=True).start()
        dashboard(folder, port, browser, "curves")


def _follow(job: Job, study: Path, commands: list[list[str]]) -> None:
    """Queue the other jobs once the first one measures: until then they would only slow it."""
    while (state := job.state()) in ACTIVE and not job.snapshot().figures:
        time.sleep(LOOK)
    if state not in (*ACTIVE, "done"):  # without a study there is nothing to go on with
        return
    for arguments in commands:
        start(study, arguments)


def demo_jobs(study: Path, model: str) -> tuple[list[str], ...]:
    """Return the commands that make the demo's study, in their order."""
    sample, place = f"sample:{model}", str(study)
    sweep = ["sweep", sample, "--data", "sample:fashion-mnist", "--study", place]
    units = "head" if model == "vit" else "channel"
    return (
        [*sweep, "--methods", "magnitude,taylor,wanda,random", "--sparsities",
         "0.1:0.9:0.1,0.95"],
        [*sweep, "--methods", f"l1@{units},taylor@{units},random@{units}", "--sparsities",
         "0.1:0.9:0.1", "--recovery", "none,ls"],
        ["calibrate", place, "--plans", "12"],
        ["time", place, "--batch", "32", "--budget", "90"],
    )  # fmt: skip
