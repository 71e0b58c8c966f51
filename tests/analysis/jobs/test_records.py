"""What a job leaves in its folder, whole or damaged, and jobs in this very process."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from prunescope.errors import BadReference, Cancelled
from prunescope.jobs import JobFailed, JobProgress, jobs, running
from prunescope.jobs.job import open_job
from prunescope.jobs.processes import alive, identify
from prunescope.jobs.records import ProcessRecord, read_track
from prunescope.store.json_documents import write_document


def test_a_line_still_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    progress = JobProgress(tmp_path)
    progress.start(3, "counting")
    progress.advance(1, loss=1.0)
    whole = path.read_bytes()
    last = json.dumps({"time": 1.0, "steps": 1, "values": {"loss": 9.0}}).encode()
    for cut in range(len(last) + 1):
        path.write_bytes(whole + last[:cut])
        assert read_track(path).values == ({"loss": 1.0},)
    path.write_bytes(whole + last + b"\n")
    assert read_track(path).values == ({"loss": 1.0}, {"loss": 9.0})


def test_damaged_lines_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_bytes(
        b'{"time": 1, "total": 5, "message": "a"}\n{"ti\xff\n[]\n{"time": 2, "steps": 2}\n'
    )
    assert (read_track(path).done, read_track(path).total) == (2, 5)


@pytest.mark.parametrize(
    "line",
    [
        '{"time": "x"}', '{"time": NaN, "steps": 1}', '{"time": 2, "steps": "many"}', "[1]", "null",
        '{"time": 2, "total": 1e300}', '{"time": 2, "message": {"a": 1}}', '{"steps": 1}',
        '{"time": 2, "values": {"loss": "low"}}', '{"time": 2, "figures": [1]}', "[" * 100_000,
    ],
)  # fmt: skip
def test_forged_lines_are_left_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_text(f'{{"time": 1.0, "total": 9}}\n{line}\n{{"time": 3.0, "steps": 2}}\n')
    track = read_track(path)
    assert (track.done, track.total, track.latest, track.message) == (2, 9, 3.0, "")


def test_counts_without_values_are_neither_lost_nor_written_one_by_one(tmp_path: Path) -> None:
    progress = JobProgress(tmp_path)
    progress.start(5000, "counting")
    for _ in range(5000):
        progress.advance()
    progress.flush()
    assert read_track(tmp_path / "progress.jsonl").done == 5000
    assert (tmp_path / "progress.jsonl").read_bytes().count(b"\n") < 500


def test_a_new_phase_counts_from_zero(tmp_path: Path) -> None:
    progress = JobProgress(tmp_path)
    progress.start(2, "first")
    progress.advance(2, loss=1.0)
    progress.start(7, "second")
    track = read_track(tmp_path / "progress.jsonl")
    assert (track.done, track.total, track.message) == (0, 7, "second")
    assert track.values == ({"loss": 1.0},)


def test_a_reused_process_number_is_not_the_process() -> None:
    me = identify(os.getpid())
    assert alive(me)
    assert not alive(ProcessRecord(me.pid, me.born - 3600, me.since))


def test_an_unburied_process_counts_as_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    record = identify(child.pid)
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
    assert not alive(record)
    child.wait()


def make_job(study: Path) -> Path:
    folder = study / "jobs" / "0001-test"
    write_document(folder / "job.json", _record())
    return folder


def _record() -> object:
    from prunescope.jobs.records import JobRecord

    return JobRecord(("test",), time.time())


def test_running_in_this_process_records_its_end(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    (job,) = jobs(tmp_path)
    assert job.state() == "waiting"
    with running(folder) as progress:
        assert job.state() == "running"
        progress.start(1, "x")
    assert job.state() == "done"


def test_a_cancelled_job_never_begins(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    (job,) = jobs(tmp_path)
    job.cancel()
    with pytest.raises(Cancelled), running(folder):
        pytest.fail("it began")
    assert job.state() == "cancelled"


def test_unforeseen_errors_become_ours(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    with pytest.raises(JobFailed, match="raised ZeroDivisionError"), running(folder):
        _ = 1 / 0
    assert jobs(tmp_path)[0].state() == "failed"


def test_a_finished_run_is_done_though_somebody_cancelled_too_late(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    with running(folder):
        jobs(tmp_path)[0].cancel()
    assert jobs(tmp_path)[0].state() == "done"


def test_no_job_there(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="Leave --job out"), running(tmp_path):
        pytest.fail("it began")
    assert jobs(tmp_path) == ()


def test_a_job_that_no_process_took_on_is_dead_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(tmp_path)
    (job,) = jobs(tmp_path)
    assert job.state() == "waiting"
    monkeypatch.setattr("prunescope.jobs.job._SPAWNING", 0.0)
    assert job.state() == "died"


def test_a_paused_job_waits_and_goes_on(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    job = open_job(folder)
    assert job is not None
    progress = JobProgress(folder)
    job.pause()
    asked = threading.Thread(target=progress.cancelled)
    asked.start()
    asked.join(0.5)
    assert asked.is_alive()
    job.resume()
    asked.join(10)
    assert not asked.is_alive()
    assert not progress.stopped


def test_a_paused_job_can_be_cancelled(tmp_path: Path) -> None:
    folder = make_job(tmp_path)
    job = open_job(folder)
    assert job is not None
    job.pause()
    job.cancel()
    assert JobProgress(folder).cancelled()
