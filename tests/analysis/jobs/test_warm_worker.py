"""A process kept ready takes a job over, leaves with its server, and is never needed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from prunescope.jobs import ACTIVE, Job, keep_warm_worker, launch, start
from prunescope.jobs.records import SPAWNED, ProcessRecord
from prunescope.jobs.warm_worker import SWITCH, WarmWorker
from prunescope.store.json_documents import read_document


@pytest.fixture
def spare(monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmWorker]:
    """The one that ``start`` asks, new."""
    monkeypatch.delenv(SWITCH)
    made = WarmWorker()
    monkeypatch.setattr(launch, "_WARM_WORKER", made)
    yield made
    made.drop()


def pid_of(spare: WarmWorker) -> int:
    assert spare._process is not None
    return spare._process.pid


def ended(job: Job) -> str:
    until(lambda: job.state() not in ACTIVE)
    return job.state()


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_job_takes_it_over_and_is_a_job_like_any_other(spare: WarmWorker, tmp_path: Path) -> None:
    keep_warm_worker()
    ready = pid_of(spare)
    keep_warm_worker()
    assert pid_of(spare) == ready  # never two
    study = tmp_path / "elsewhere" / "here"
    study.mkdir(parents=True)
    (study / "study.json").write_text("no study")
    job = start(tmp_path / "a", ["verify", "here", "none"], directory=study.parent)
    assert read_document(ProcessRecord, job.folder / SPAWNED).pid == ready
    assert os.getsid(ready) == ready
    assert ended(job) == "failed"
    assert "study.json" in (job.snapshot().error or "")
    assert "has none" not in (job.snapshot().error or "")  # it looked where it should
    end = time.monotonic() + 30
    while "prunescope" not in job.log():  # told last, once the end is on the disk
        assert time.monotonic() < end
        time.sleep(0.05)

    # what goes wrong later is a job's failure, and the next job has a process of its own
    other = start(tmp_path / "a", ["verify", "nowhere", "other"])
    assert read_document(ProcessRecord, other.folder / SPAWNED).pid != ready
    assert ended(other) == "failed"


def test_without_it_jobs_start_all_the_same(spare: WarmWorker, tmp_path: Path) -> None:
    keep_warm_worker()
    os.kill(pid_of(spare), signal.SIGKILL)
    process = psutil.Process(pid_of(spare))
    until(lambda: process.status() == psutil.STATUS_ZOMBIE)
    job = start(tmp_path, ["verify", str(tmp_path / "nowhere"), "none"])
    assert ended(job) == "failed"
    assert "nowhere" in (job.snapshot().error or "")


def test_it_ends_with_its_server() -> None:
    code = (
        "import time\nfrom prunescope.jobs import keep_warm_worker, launch\nkeep_warm_worker()\n"
        "print(launch._WARM_WORKER._process.pid, flush=True)\ntime.sleep(60)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
        env=os.environ | {SWITCH: "1"},
    )  # fmt: skip
    assert server.stdout is not None
    process = psutil.Process(int(server.stdout.readline()))
    server.kill()
    server.wait()
    server.stdout.close()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_it_can_be_switched_off(spare: WarmWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    keep_warm_worker()
    assert spare._process is None
