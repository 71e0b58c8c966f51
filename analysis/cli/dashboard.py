"""``dashboard`` and ``demo``: open the browser on studies."""

import os
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from prunescope.cli.terminal import errors
from prunescope.errors import BadReference
from prunescope.jobs import ACTIVE, Job, start

_LOOK: Final = 0.2
"""Seconds between two looks at a server or a job that is about to begin."""

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="A folder of studies, or one study.")
]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535)]
BrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
]


def dashboard(
    folder: FolderArgument = Path("studies"),
    port: PortOption = 8501,
    browser: BrowserOption = True,
    page: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Open the dashboard on a folder of studies."""
    from prunescope.dashboard.launch import command

    if folder.exists() and not folder.is_dir():
        raise BadReference(f"Expected a folder of studies, but {folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://localhost:{port}"
    errors.print(f"Dashboard on {address} (Ctrl-C stops it; jobs go on).")
    process = subprocess.Popen(command(folder.resolve(), port))
    if browser and os.environ.get("CI") is None:
        threading.Thread(target=_open, args=(address, page, process), daemon=True).start()
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait(timeout=10)
        code = 0
    if code not in (0, -2, 130):
        raise BadReference(
            f"Expected the dashboard to run on port {port}, but it ended with code {code}. "
            "Choose another port with --port."
        )


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
        run = [sys.executable, "-m", "prunescope.cli", *arguments]
        if code := subprocess.run(run, check=False).returncode:
            raise typer.Exit(code)
    if open_dashboard:
        first, *others = commands
        job = start(study, first)
        threading.Thread(target=_follow, args=(job, study, others), daemon=True).start()
        dashboard(folder, port, browser, "curves")


def _open(address: str, page: str, server: subprocess.Popen[bytes]) -> None:
    """Open the browser once the server answers."""
    while server.poll() is None:
        try:
            health = f"{address}/_stcore/health"
            with urllib.request.urlopen(health, timeout=1):  # noqa: S310 - our own server
                break
        except OSError:
            time.sleep(_LOOK)
    else:
        return
    webbrowser.open(f"{address}/{page}")


def _follow(job: Job, study: Path, commands: list[list[str]]) -> None:
    """Queue the other jobs once the first one measures: until then they would only slow it."""
    while (state := job.state()) in ACTIVE and not job.snapshot().figures:
        time.sleep(_LOOK)
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
