"""Records of other machines, containers and starts of the machine, and clocks that are set."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.jobs import ACTIVE, UNKNOWN, Job, cancel, jobs, queue, restart, stop
from prunescope.jobs.machine import OUTERMOST, Machine, this_machine
from prunescope.jobs.processes import alive, identify, whereabouts
from prunescope.jobs.records import CANCEL, JOB, SPAWNED, TURN, JobRecord, ProcessRecord
from prunescope.store.json_documents import read_document, write_document
from tests.analysis.cli.command import Command
from tests.analysis.jobs.test_jobs import WORKER, ended, launch, until, worker_pid

DAY = 86_400.0


@pytest.fixture
def prunescope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def sleeper() -> "subprocess.Popen[bytes]":
    """A process of no job, which nobody may touch."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    yield process  # type: ignore[misc]
    assert process.poll() is None
    process.kill()
    process.wait()


def record(**changed: str) -> ProcessRecord:
    return replace(identify(os.getpid()), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({}, "here"),
        ({"host": "renamed"}, "here"),  # the start of the machine says more than its name
        ({"host": "", "machine": "", "boot": "", "space": ""}, "here"),  # a record of before
        ({"space": "pid:[1]"}, "elsewhere"),
        ({"boot": ""}, "elsewhere"),
        ({"boot": "other", "host": "other"}, "elsewhere"),
        ({"boot": "other", "machine": "other"}, "elsewhere"),
        ({"boot": "other", "machine": ""}, "elsewhere"),
        ({"boot": "other", "space": "pid:[1]"}, "elsewhere"),
    ],
)
def test_where_a_process_is(changed: dict[str, str], place: str) -> None:
    assert whereabouts(record(**changed)) == place
    assert alive(record(**changed)) == (place == "here")


def test_a_machine_that_started_anew_has_lost_its_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outside of containers: inside, name and machine-id may be those of the image."""
    for space, place in ((OUTERMOST, "gone"), ("pid:[4026532000]", "elsewhere")):
        now = Machine("box", "0123", "now", space)
        monkeypatch.setattr("prunescope.jobs.processes.this_machine", lambda now=now: now)
        old = record(host="box", machine="0123", boot="before", space=space)
        assert whereabouts(old) == place
        assert not alive(old)


def test_the_machine_id_is_not_given_away(tmp_path: Path) -> None:
    identity = Path("/etc/machine-id")
    if identity.exists() and (text := identity.read_text().strip()):
        assert text not in repr(this_machine())
    job = launch(tmp_path, "quick")
    ended(job)
    assert read_document(ProcessRecord, job.folder / TURN).boot == this_machine().boot


def foreign(study: Path, process: ProcessRecord, turn: bool = True) -> Job:
    """A job whose records say that it works elsewhere, under ``process``'s number."""
    folder = study / "jobs" / "0001-wait"
    write_document(folder / JOB, JobRecord(("wait",), time.time(), "", "", process))
    write_document(folder / SPAWNED, process)
    if turn:
        write_document(folder / TURN, process)
    return jobs(study)[0]


@pytest.mark.parametrize("turn", [True, False])
def test_a_job_of_another_machine_is_unknown_and_gets_no_signal(
    tmp_path: Path, prunescope: Command, sleeper: "subprocess.Popen[bytes]", turn: bool
) -> None:
    process = replace(identify(sleeper.pid), host="far", boot="b", machine="m")
    job = foreign(tmp_path / "study", process, turn)
    assert job.state() == UNKNOWN
    shot = job.snapshot()
    assert "started on far" in (shot.error or "")
    assert (shot.remaining, shot.paused, shot.stopping) == (None, False, False)
    (told,) = prunescope("jobs", job.study, "--json").json
    assert told["state"] == "unknown here"
    assert "unknown here" in " ".join(prunescope("jobs", job.study).out.split())
    assert "belongs to another machine" in prunescope.refused("jobs", job.study, "pause")
    assert "it sees that by itself" in prunescope("jobs", job.study, "cancel").err
    assert (job.folder / CANCEL).exists()
    cancel(job)
    assert stop(job) == UNKNOWN
    assert job.snapshot().stopping
    assert len(queue(tmp_path)) == 0  # it holds nobody up
    again = restart(job, WORKER)
    until(again, lambda state: state == "running")
    again.cancel()
    ended(again)


def test_of_another_container_no_machine_is_named(tmp_path: Path) -> None:
    job = foreign(tmp_path, record(space="pid:[1]"))
    assert job.state() == UNKNOWN
    assert "in another container" in (job.snapshot().error or "")


def test_what_ended_elsewhere_is_known(tmp_path: Path) -> None:
    job = launch(tmp_path, "quick")
    assert ended(job) == "done"
    for name in (SPAWNED, TURN):
        away = replace(read_document(ProcessRecord, job.folder / name), host="far", boot="b")
        write_document(job.folder / name, away)
    assert job.state() == "done"
    assert job.snapshot().seconds < 30


def test_a_foreign_worker_still_sees_that_it_is_asked(tmp_path: Path) -> None:
    """The worker runs here; the study's files say that it belongs to another machine."""
    job = launch(tmp_path, "wait")
    until(job, lambda state: state == "running")
    mine = {name: (job.folder / name).read_bytes() for name in (SPAWNED, TURN)}
    for name in mine:
        away = replace(read_document(ProcessRecord, job.folder / name), host="far", boot="b")
        write_document(job.folder / name, away)
    assert job.state() == UNKNOWN
    cancel(job)
    until(job, lambda state: state == "cancelled")


@pytest.mark.parametrize("days", [-1, 1, 4000])
def test_a_clock_that_is_set_changes_no_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    studies = tmp_path / "studies"
    first = launch(studies / "a", "wait")
    until(first, lambda state: state == "running")
    pid = worker_pid(first)
    wall, born = time.time, __import__("psutil").Process.create_time
    monkeypatch.setattr("time.time", lambda: wall() + days * DAY)
    # Linux tells a process's start by the clock as it is now.
    monkeypatch.setattr("psutil.Process.create_time", lambda self: born(self) + days * DAY)
    second = launch(studies / "b", "wait")
    assert first.state() == "running"
    assert second.state() == "waiting"
    line = queue(studies)
    assert [job.folder for job in line.ahead_of(second)] == [first.folder]
    assert line.ahead_of(first) == ()
    shot = first.snapshot()
    assert 0 < shot.seconds < 60
    assert shot.remaining is not None
    assert shot.remaining < 60 * 4
    assert alive(read_document(ProcessRecord, first.folder / TURN))
    cancel(second)
    cancel(first)
    assert {ended(first), ended(second)} == {"cancelled"}
    assert first.snapshot().seconds < 60
    assert read_document(ProcessRecord, first.folder / TURN).pid == pid


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_job_that_no_process_took_on_is_given_up_by_the_machines_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    me = identify(os.getpid())
    write_document(tmp_path / "jobs/0001-wait" / JOB, JobRecord(("wait",), me.since, "", "", me))
    (job,) = jobs(tmp_path)
    wall = time.time
    monkeypatch.setattr("time.time", lambda: wall() + days * DAY)
    assert job.state() == "waiting"
    clock = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: clock() + 31)
    assert job.state() == "died"
    assert job.state() not in ACTIVE
