"""A sweep from the form, watched, held, let go, killed and gone on with, in real browsers."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from prunescope.curves.means import measured_points
from prunescope.dashboard.launch_command import Serving
from prunescope.jobs import ACTIVE, Job, jobs
from prunescope.jobs.records import ProcessRecord
from prunescope.jobs.warm_worker import SWITCH
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import read_document
from prunescope.study.point import KEY
from tests.browser.served import free_port, until_up
from tests.browser.settled import listen
from tests.browser.steps import Settle, open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]
PATIENCE = 60_000
SPARSITIES = 19
POINTS = 3 * SPARSITIES * (1 + 3)
"""Of three layers: magnitude, and three seeds of random."""


class Server:
    """A dashboard that can be killed and comes back at the same address."""

    def __init__(self, folder: Path) -> None:
        self._serving = Serving(folder, free_port())
        self.link = self._serving.link
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._serving.command(),
            env=self._serving.environment() | {"OMP_NUM_THREADS": "1", SWITCH: "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_up(self._serving)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def study(folder: Path) -> Iterator[StudyFolder]:
    """The small measured study, whose jobs end with the test."""
    opened = StudyFolder.open(folder / "mlp")
    yield opened
    for job in jobs(opened.folder):
        job.cancel()
    until(lambda: not any(job.state() in ACTIVE for job in jobs(opened.folder)))


@pytest.fixture
def server(study: StudyFolder) -> Iterator[Server]:
    opened = Server(study.folder.parent)
    yield opened
    opened.kill()


def until(what: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def view(browser: Browser, address: str, settle: Settle) -> Page:
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(PATIENCE)
    listen(context)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.goto(address)
    settle(page)
    return page


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def rows(study: StudyFolder) -> pd.DataFrame:
    return measured_points(study.measured()).set_index(["subject", "method", "seed", "sparsity"])


def newest(study: StudyFolder) -> Job:
    return jobs(study.folder)[0]


def test_a_sweep_is_started_watched_held_killed_and_finished(
    browser: Browser, server: Server, study: StudyFolder, settle: Settle
) -> None:
    page = view(browser, server.link("study"), settle)
    expect(page.get_by_text("Page not found")).to_have_count(0)
    sparsities = page.get_by_label("Sparsities", exact=True).first  # the other begins a study
    sparsities.fill("0.05:0.95:0.05")
    sparsities.press("Enter")
    page.get_by_text("Random", exact=True).first.click()
    expect(page.get_by_text(f"{POINTS - 6} points", exact=True)).to_be_visible()
    expect(page.get_by_text("on disk now and at most")).to_be_visible()
    page.get_by_role("button", name=f"Measure {POINTS - 6} points").click()
    expect(page.get_by_text(f"of {POINTS} points done").first).to_be_visible()
    button(page, "Pause").click()
    expect(button(page, "Go on")).to_be_visible()

    # Curves are there while samples are still to come.
    open_page(page, "Curves", settle)
    expect(page.get_by_text("Dotted marks have seen")).to_be_visible()
    job = newest(study)
    until(lambda: job.snapshot().paused)
    time.sleep(3)  # what was under way is finished and written
    early = rows(study)
    assert early["partial"].any()

    # Another viewer, and the same one after a refresh, see the same job; either lets it go on.
    other = view(browser, server.link("curves"), settle)
    expect(other.get_by_text("paused").first).to_be_visible()
    page.reload()
    settle(page)
    expect(button(page, "Go on")).to_be_visible()
    assert len(rows(study)) == len(early)
    button(other, "Go on").click()
    expect(button(page, "Pause")).to_be_visible()

    # The server dies, the worker does not notice; then the worker dies, the next server tells.
    server.kill()
    until(lambda: len(rows(study)) > len(early) or rows(study)["samples"].sum() > early[
        "samples"].sum())  # fmt: skip
    assert job.state() == "running"
    os.kill(read_document(ProcessRecord, job.folder / "turn.json").pid, signal.SIGKILL)
    until(lambda: job.state() == "died")
    kept = rows(study)
    server.start()
    page.goto(server.link("study"))
    settle(page)
    # the table of jobs says it too, in a cell that only screen readers see
    expect(page.get_by_text(re.compile(r"^Sweep: .*its process is gone"))).to_be_visible()
    button(page, "Go on").click()
    until(lambda: newest(study).id != job.id)
    until(lambda: newest(study).state() == "done", 500)
    expect(button(page, "Go on")).to_have_count(0)

    done = study.measured()
    assert not done.duplicated(list(KEY)).any()
    late = rows(study)
    assert len(late) == POINTS
    assert not late["partial"].any()
    assert (late.loc[kept.index, "samples"] >= kept["samples"]).all()  # nothing was lost
    unsure = early.index[early["partial"]]
    widths = (late["high"] - late["low"])[unsure], (early["high"] - early["low"])[unsure]
    assert (widths[0] < widths[1]).all()
    within = (late["drop"] - early["drop"])[unsure].abs() <= early["split_half"][unsure]
    assert within.mean() >= 0.95
