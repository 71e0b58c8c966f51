"""A job that is cancelled ends within seconds, whatever it does; real processes that hang."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prunescope.jobs import ACTIVE, Job, cancel, jobs, press, start, stop, stopping
from prunescope.jobs.records import CANCEL, END, EndRecord
from prunescope.store.json_documents import read_document
from tests.analysis.cli.command import Command
from tests.analysis.jobs.test_jobs import WORKER, ended, launch, until, worker_pid
from tests.analysis.jobs.worker import SOON


@pytest.fixture
def prunescope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process loses patience after half a second."""
    monkeypatch.setattr(stopping, "ASKED", 0.5)
    monkeypatch.setattr(stopping, "TERMINATED", 0.5)


def at_work(study: Path, mood: str) -> Job:
    job = launch(study, mood)
    end = time.monotonic() + 30
    while not job.snapshot().values:
        assert time.monotonic() < end, job.log()
        time.sleep(0.02)
    time.sleep(0.3)  # into what its mood is
    return job


ENDS = 25.0
"""Seconds in which a busy machine, too, ends what would go on for a minute."""


def seconds_to_end(job: Job) -> float:
    began = time.monotonic()
    assert ended(job) == "cancelled"
    return time.monotonic() - began


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("mood", ["wait", "sleeps", "native", "locked"])
def test_who_is_cancelled_ends_whatever_it_does(tmp_path: Path, mood: str) -> None:
    job = at_work(tmp_path, mood)
    pid = worker_pid(job)
    cancel(job)
    assert seconds_to_end(job) < ENDS
    until(job, lambda _: not psutil.pid_exists(pid))
    end = time.monotonic() + 5
    while not (job.folder / END).exists():  # also of a killed one
        assert time.monotonic() < end
        time.sleep(0.02)
    assert read_document(EndRecord, job.folder / END).state == "cancelled"
    assert job.snapshot().values == ({"loss": 2.5},)
    assert job.snapshot().error is None


@pytest.mark.usefixtures("soon")
def test_a_stopped_process_is_let_go_on_to_hear_it(tmp_path: Path) -> None:
    job = at_work(tmp_path, "wait")
    os.kill(worker_pid(job), signal.SIGSTOP)
    assert job.state() == "running"
    cancel(job)
    assert seconds_to_end(job) < ENDS


def test_in_seconds_that_it_says(tmp_path: Path) -> None:
    """With the patience that everybody has: asked, terminated, and the GIL never let go."""
    job = at_work(tmp_path, "locked")
    cancel(job)
    assert seconds_to_end(job) < stopping.ASKED + stopping.TERMINATED + ENDS


@pytest.mark.parametrize("mood", ["sleeps", "native"])
def test_the_worker_ends_itself_when_who_asked_is_gone(
    tmp_path: Path, mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SOON, "1")
    job = at_work(tmp_path, mood)
    (job.folder / CANCEL).touch()  # nobody presses
    assert seconds_to_end(job) < ENDS


@pytest.mark.usefixtures("soon")
def test_asking_again_presses_again(tmp_path: Path) -> None:
    job = at_work(tmp_path, "locked")
    job.cancel()
    time.sleep(1)
    assert job.snapshot().stopping
    press(job)  # as a page does that shows it
    assert seconds_to_end(job) < ENDS


@pytest.mark.usefixtures("soon")
def test_children_end_with_it(tmp_path: Path) -> None:
    job = at_work(tmp_path, "parent")
    (child,) = (int(line.split()[1]) for line in job.log().splitlines() if "child" in line)
    assert psutil.pid_exists(child)
    cancel(job)
    assert seconds_to_end(job) < ENDS
    until(job, lambda _: not psutil.pid_exists(child))


@pytest.mark.usefixtures("soon")
def test_who_has_heard_may_save(tmp_path: Path) -> None:
    job = at_work(tmp_path, "saves")
    cancel(job)
    assert seconds_to_end(job) > 2
    assert "saved" in job.log()


@pytest.mark.usefixtures("soon")
def test_sigterm_alone_ends_a_job_as_cancelled(tmp_path: Path) -> None:
    job = at_work(tmp_path, "sleeps")
    os.kill(worker_pid(job), signal.SIGTERM)
    assert seconds_to_end(job) < ENDS


@pytest.mark.usefixtures("soon")
def test_one_that_has_no_turn_yet_and_one_that_is_over(tmp_path: Path) -> None:
    first, second = launch(tmp_path, "wait", "1"), launch(tmp_path, "wait", "2")
    until(first, lambda state: state == "running")
    cancel(second)
    assert seconds_to_end(second) < ENDS
    cancel(first)
    ended(first)
    over = launch(tmp_path, "quick")
    assert ended(over) == "done"
    cancel(over)
    assert not (over.folder / CANCEL).exists()
    assert stop(over) == over.state() == "done"


@pytest.mark.usefixtures("soon")
def test_a_killed_one_keeps_dying_apart_from_being_cancelled(tmp_path: Path) -> None:
    job = at_work(tmp_path, "wait")
    os.kill(worker_pid(job), signal.SIGKILL)
    assert ended(job) == "died"
    cancel(job)
    assert job.state() == "died"


@pytest.mark.usefixtures("soon")
def test_a_folder_that_vanishes_meanwhile_is_no_error(tmp_path: Path) -> None:
    job = at_work(tmp_path, "locked")
    pid = worker_pid(job)
    cancel(job)
    thread = stopping._PRESSED[job.folder]
    shutil.rmtree(tmp_path / "jobs")
    thread.join(20)
    assert not thread.is_alive()
    with contextlib.suppress(psutil.NoSuchProcess):  # the kill was sent; it may take a moment
        psutil.Process(pid).wait(20)
    assert not psutil.pid_exists(pid)


@pytest.mark.usefixtures("soon")
def test_the_command_waits_for_the_end(tmp_path: Path, prunescope: Command) -> None:
    job = at_work(tmp_path, "native")
    said = prunescope("jobs", tmp_path, "cancel").err
    assert "0001-native: asked to cancel." in said
    assert "0001-native was cancelled. What was finished is kept." in said
    assert job.state() not in ACTIVE
    assert "0001-native was cancelled. Start" in prunescope.refused("jobs", tmp_path, "cancel")


def test_who_asked_and_went_leaves_it_to_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SOON, "1")
    job = at_work(tmp_path, "native")
    code = (
        "from pathlib import Path; from prunescope.jobs import cancel, jobs;"
        f"cancel(jobs(Path({str(tmp_path)!r}))[0])"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert seconds_to_end(job) < ENDS
    assert jobs(tmp_path)[0].snapshot().error is None
    assert start(tmp_path, ["quick"], command=WORKER).id == "0002-quick"
