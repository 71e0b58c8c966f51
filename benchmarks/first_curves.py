"""How long it takes to the first curve points in a real browser, and how they sharpen.

    python -m benchmarks.first_curves                # three tries, each on a new study
    python -m benchmarks.first_curves --shots docs   # and the pair of pictures

``begun`` is a study begun by its form in a dashboard that has stood for ``IDLE`` seconds, as a
viewer's is: seconds from the press to its first points on the Curves page. The others are the demo
from nothing: seconds from the command's start, at last from the job's start. A picture is taken of
the first points, and one of the same curves when ``LATER`` of the sweep's multiply-accumulates are
done.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from prunescope.jobs import ACTIVE, Job, jobs

DRAWN: Final = "document.querySelectorAll('.js-plotly-plot .scatterlayer .point').length > 0"
COLUMNS: Final = ("begun", "demo: server", "row", "curve", "curve since job")
LATER: Final = 0.2
IDLE: Final = 12.0
"""Seconds on an idle machine in which the dashboard's spare process is ready."""
_PATIENCE: Final = 600_000


def main() -> None:
    """Print one row for each try, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--model", default="lenet5")
    parser.add_argument("--shots", type=Path)
    given = parser.parse_args()
    print("try", *COLUMNS, sep=" | ", flush=True)
    rows = []
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for number in range(1, given.tries + 1):
            last = number == given.tries
            with tempfile.TemporaryDirectory() as folder:
                pressed = begun(browser, Path(folder) / "begun", given.model)
                row = first(
                    browser, Path(folder) / "demo", given.model, given.shots if last else None
                )
            rows.append((pressed, *row))
            print(number, *(f"{value:.1f}" for value in rows[-1]), sep=" | ", flush=True)
        browser.close()
    medians = (statistics.median(column) for column in zip(*rows, strict=True))
    print("median", *(f"{value:.1f}" for value in medians), sep=" | ")


def begun(browser: Browser, folder: Path, model: str) -> float:
    """Begin a study by the form of a dashboard that stands; return the seconds to its points."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    with _served(folder, ["dashboard", str(folder)]) as address:
        page.goto(address)
        page.get_by_label("Model", exact=True).fill(f"sample:{model}")
        page.get_by_label("Name of the study").fill("new")
        page.get_by_label("Name of the study").press("Tab")
        time.sleep(IDLE)
        pressed = time.time()
        page.get_by_role("button", name="Begin and measure").click()
        page.get_by_role("link", name="Curves", exact=True).click()
        page.wait_for_function(DRAWN, polling=50)
        drawn = time.time()
        context.close()
    return drawn - pressed


def first(browser: Browser, folder: Path, model: str, shots: Path | None) -> tuple[float, ...]:
    """Run the demo over ``folder`` until its first points are drawn; return ``COLUMNS``."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    study = folder / f"demo-{model}"
    began = time.time()
    with _served(folder, ["demo", str(folder), "--model", model]) as address:
        server = time.time()
        page.goto(f"{address}/curves")
        page.wait_for_function(DRAWN, polling=50)
        curve = time.time()
        job = jobs(study)[-1]
        row = min(p.stat().st_mtime for p in (study / "measurements").glob("*.parquet"))
        if shots is not None:
            _pictures(page, job, shots)
        context.close()
    return server - began, row - began, curve - began, curve - job.created


@contextlib.contextmanager
def _served(folder: Path, arguments: list[str]) -> Iterator[str]:
    """Run a command that serves ``folder``; yield its address; end it and all its jobs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*arguments, "--port", str(port), "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "prunescope.cli", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _await_server(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        for each in _jobs_in(folder):
            each.cancel()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
        while any(each.state() in ACTIVE for each in _jobs_in(folder)):
            time.sleep(0.2)


def _jobs_in(folder: Path) -> list[Job]:
    return [job for study in folder.glob("*") for job in jobs(study)]


def _await_server(port: int) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)


def _pictures(page: Page, job: Job, shots: Path) -> None:
    """One picture of the first points, one of the same curves later on."""
    page.get_by_text("Dotted marks have seen").wait_for()
    page.screenshot(path=shots / "curves-first.png")
    while job.state() in ACTIVE:
        figures = job.snapshot().figures
        if figures.get("macs", 0.0) >= LATER * figures.get("macs_expected", 1.0):
            break
        time.sleep(0.5)
    page.wait_for_timeout(8000)  # the page looks every few seconds
    page.screenshot(path=shots / "curves-later.png")


if __name__ == "__main__":
    main()
