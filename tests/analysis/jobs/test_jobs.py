"""Jobs are real processes here: started, queued, cancelled, killed."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from prunescope.commands import Verify
from prunescope.errors import BadValue
from prunescope.jobs import ACTIVE, Job, jobs, restart, start
from prunescope.jobs.records import JOB, ProcessRecord
from prunescope.store.json_documents import read_document

WORKER = (sys.executable, str(Path(__file__).with_name("worker.py")))


def launch(study: Path, *arguments: str) -> Job:
    return start(study, arguments, command=WORKER)


def until(job: Job, wanted: Callable[[str], bool], seconds: float = 30) -> str:
    end = time.monotonic() + seconds
    while not wanted(state := job.state()):
        assert time.monotonic() < end, f"{job.id} is still {state}: {job.log()}"
        time.sleep(0.02)
    return state


def ended(job: Job) -> str:
    return until(job, lambda state: state not in ACTIVE)


def worker_pid(job: Job) -> int:
    return read_document(ProcessRecord, job.folder / "turn.json").pid


def test_a_job_reports_steps_values_and_its_end(tmp_path: Path) -> None:
    job = launch(tmp_path, "quick", "--flag", "7")
    assert (job.id, job.kind, job.arguments) == ("0001-quick", "quick", ("quick", "--flag", "7"))
    assert ended(job) == "done"
    shot = job.snapshot()
    assert (shot.done, shot.total, shot.message, shot.error) == (4, 4, "rest", None)
    assert shot.values == ({"loss": 2.5}, {"loss": 1.5})
    assert shot.remaining is None
    assert 0 <= shot.seconds < 30
    assert "working on quick --flag 7" in job.log()


def test_another_viewer_sees_the_same(tmp_path: Path) -> None:
    job = launch(tmp_path, "quick")
    ended(job)
    (found,) = jobs(tmp_path)
    assert found == job
    assert found.snapshot() == job.snapshot()


def test_the_process_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    job = launch(tmp_path, "wait")
    until(job, lambda state: state == "running")
    assert os.getsid(worker_pid(job)) != os.getsid(0)
    job.cancel()
    assert ended(job) == "cancelled"


def test_a_running_job_tells_the_remaining_time_and_that_it_is_stopping(tmp_path: Path) -> None:
    job = launch(tmp_path, "wait")
    end = time.monotonic() + 30
    while not (shot := job.snapshot()).values:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert shot.state == "running"
    assert shot.remaining is not None
    assert shot.remaining >= 0
    assert not shot.stopping
    job.cancel()
    assert job.snapshot().stopping or job.state() == "cancelled"
    assert ended(job) == "cancelled"
    assert job.snapshot().error is None


def test_an_error_of_ours_is_the_sentence(tmp_path: Path) -> None:
    job = launch(tmp_path, "fail")
    assert ended(job) == "failed"
    assert job.snapshot().error == ("Expected sparsity to be a number, but got 'x'. Write 0.5.")


def test_an_unforeseen_error_is_one_sentence_and_a_traceback_in_the_log(tmp_path: Path) -> None:
    job = launch(tmp_path, "crash")
    assert ended(job) == "failed"
    error = job.snapshot().error
    assert error is not None
    assert error.startswith("Expected the job to finish, but it raised KeyError: ")
    assert "\n" not in error
    assert "Traceback" in job.log(200)


def test_an_exit_code_is_a_failure(tmp_path: Path) -> None:
    job = launch(tmp_path, "exit")
    assert ended(job) == "failed"
    assert "exited with 3" in (job.snapshot().error or "")


def test_kill_9_is_seen_and_keeps_what_was_reported(tmp_path: Path) -> None:
    job = launch(tmp_path, "wait")
    until(job, lambda state: state == "running")
    while not job.snapshot().values:
        time.sleep(0.02)
    os.kill(worker_pid(job), signal.SIGKILL)
    assert ended(job) == "died"
    shot = job.snapshot()
    assert shot.values == ({"loss": 2.5},)
    assert "Start it again" in (shot.error or "")


def test_a_process_that_never_began_is_quoted(tmp_path: Path) -> None:
    job = launch(tmp_path, "misused", "--colour")
    assert ended(job) == "died"
    assert "said: No such option: --colour. Read" in (job.snapshot().error or "")


def test_jobs_of_a_study_run_one_at_a_time_in_their_order(tmp_path: Path) -> None:
    first, second, third = (launch(tmp_path, "wait", str(n)) for n in range(3))
    until(first, lambda state: state == "running")
    end = time.monotonic() + 30
    while second.snapshot().message != f"waiting for {first.id}":
        assert time.monotonic() < end
        time.sleep(0.02)
    assert [job.state() for job in (second, third)] == ["waiting", "waiting"]
    os.kill(worker_pid(first), signal.SIGKILL)  # a killed job gives its turn away
    until(second, lambda state: state == "running")
    assert third.state() == "waiting"
    third.cancel()
    assert ended(third) == "cancelled"  # without ever having had its turn
    assert third.snapshot().seconds == 0
    second.cancel()
    assert ended(second) == "cancelled"
    assert [job.id for job in jobs(tmp_path)] == ["0003-wait", "0002-wait", "0001-wait"]


def test_studies_do_not_wait_for_each_other(tmp_path: Path) -> None:
    pair = [launch(tmp_path / name, "wait") for name in "ab"]
    for job in pair:
        until(job, lambda state: state == "running")
    for job in pair:
        job.cancel()
        assert ended(job) == "cancelled"


def test_two_tabs_that_start_the_same_get_one_job(tmp_path: Path) -> None:
    found: list[Job] = []
    tabs = [
        threading.Thread(target=lambda: found.append(launch(tmp_path, "wait", "same")))
        for _ in range(4)
    ]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len({job.id for job in found}) == 1
    found[0].cancel()
    ended(found[0])
    again = launch(tmp_path, "wait", "same")
    assert again.id == "0002-wait"
    again.cancel()
    ended(again)


def test_a_job_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from prunescope.jobs import start;"
        f"start(Path({str(tmp_path)!r}), ['wait'], command={WORKER!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    (job,) = jobs(tmp_path)
    until(job, lambda state: state == "running")
    job.cancel()
    assert ended(job) == "cancelled"


@pytest.mark.parametrize("arguments", [[], ["--study", "x"], ["../evil"]])
def test_arguments_begin_with_a_command(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(BadValue, match="begin with a command"):
        start(tmp_path, arguments)


@pytest.mark.parametrize(
    ("module", "loaded"), [("prunescope.jobs", False), ("prunescope.bench.pruned", True)]
)
def test_jobs_do_without_torch(module: str, loaded: bool) -> None:
    """The second module shows that the check can fail."""
    code = f"import sys, {module}; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(loaded)


def test_a_paused_worker_says_so_and_ends_once_resumed(tmp_path: Path) -> None:
    job = launch(tmp_path, "wait")
    until(job, lambda state: state == "running")
    job.pause()
    assert job.snapshot().paused
    assert job.snapshot().remaining is None
    job.cancel()
    assert ended(job) == "cancelled"
    assert not job.snapshot().paused


def test_a_dead_job_is_started_again_as_a_new_one(tmp_path: Path) -> None:
    job = launch(tmp_path, "crash")
    assert ended(job) == "failed"
    again = restart(job, WORKER)
    assert again.id != job.id
    assert again.arguments == job.arguments
    assert ended(again) == "failed"


def test_a_request_is_recorded_without_the_place_of_its_study(tmp_path: Path) -> None:
    study = tmp_path / "study"
    job = start(study, Verify(str(study / "drafts" / "1.json")), command=WORKER)
    assert ended(job) == "done"
    assert job.arguments == ("verify", "{study}", "{study}/drafts/1.json")
    assert job.command_line == ["verify", str(study), str(study / "drafts" / "1.json")]
    assert job.names(study / "drafts" / "1.json")
    assert not job.names(study / "drafts" / "2.json")
    assert f"working on verify {study} {study}/drafts/1.json" in job.log()
    assert str(tmp_path) not in (job.folder / JOB).read_text().partition('"directory"')[0]
    assert start(study, Verify(str(study / "drafts" / "1.json")), command=WORKER).id != job.id


@pytest.mark.parametrize("place", [shutil.move, shutil.copytree])
def test_a_job_of_a_moved_or_copied_study_starts_again_in_the_new_place(
    tmp_path: Path, place: Callable[[Path, Path], object]
) -> None:
    ended(start(tmp_path / "old", Verify(str(tmp_path / "old" / "p.json")), command=WORKER))
    place(tmp_path / "old", tmp_path / "new")
    (job,) = jobs(tmp_path / "new")
    again = restart(job, WORKER)
    assert ended(again) == "done"
    assert again.folder.parent == tmp_path / "new" / "jobs"
    assert f"working on verify {tmp_path}/new {tmp_path}/new/p.json" in again.log()


def test_a_study_whose_name_begins_alike_is_another(tmp_path: Path) -> None:
    other = str(tmp_path / "study-2" / "p.json")
    job = start(tmp_path / "study", ("quick", other), command=WORKER)
    ended(job)
    assert job.command_line == ["quick", other] == list(job.arguments)
