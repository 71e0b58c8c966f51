"""Jobs on the pages: real processes, seen, held, let go, cancelled and started again."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import job_strip
from prunescope.dashboard.views.study.runs import unfinished
from prunescope.jobs import ACTIVE, UNKNOWN, Job, Snapshot, jobs, start
from prunescope.jobs.processes import identify
from prunescope.jobs.records import CANCEL, JOB, SPAWNED, TURN, JobRecord, ProcessRecord
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import read_document, write_document
from tests.analysis.cli.command import Command
from tests.dashboard.page import texts

Open = Callable[..., AppTest]
SLEEPER = (sys.executable, str(Path(__file__).with_name("sleeper.py")))


def until(what: Callable[[], bool], job: Job) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, job.log()
        time.sleep(0.02)


@pytest.fixture
def job(study: StudyFolder) -> Job:
    """A sweep at work, as far as files tell; its process counts instead of pruning."""
    found = start(study.folder, ("sweep", "--study", str(study.folder)), command=SLEEPER)
    until(lambda: bool(found.snapshot().figures), found)
    return found


@pytest.fixture
def prunescope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def line(at: AppTest) -> str:
    """The text of the job's bar."""
    (bar,) = at.get("progress")
    return str(bar.proto.text)


def test_page_and_command_tell_the_same_of_one_job(
    job: Job, study: StudyFolder, studies: Path, open_page: Open, prunescope: Command
) -> None:
    at = open_page(studies)
    assert "3 of 9 points done, the others past 64 of 797 samples · 1.2 of 4.8 GMACs" in line(at)
    assert at.button(key=f"hold {job.folder}").label == "Pause"
    (told,) = prunescope("jobs", study.folder, "--json").json
    assert (told["id"], told["state"], told["paused"]) == (job.id, "running", False)
    assert told["figures"]["points"] == 3
    listed = " ".join(prunescope("jobs", study.folder).out.split())
    assert "0001-sweep running" in listed
    assert "1.2 of 4.8" in listed
    job.cancel()


def test_pause_on_the_page_go_on_in_the_command_and_back(
    job: Job, study: StudyFolder, studies: Path, open_page: Open, prunescope: Command
) -> None:
    at = open_page(studies)
    at.button(key=f"hold {job.folder}").click().run()
    assert job.snapshot().paused
    assert "paused" in line(at)
    assert at.button(key=f"hold {job.folder}").label == "Go on"
    assert "paused" in prunescope("jobs", study.folder).out

    assert "asked to resume" in prunescope("jobs", study.folder, "resume").err
    assert not job.snapshot().paused
    at.run()
    assert at.button(key=f"hold {job.folder}").label == "Pause"
    assert "asked to pause" in prunescope("jobs", study.folder, "pause", "1").err
    at.run()
    at.button(key=f"hold {job.folder}").click().run()
    assert not job.snapshot().paused
    job.cancel()


def test_cancel_then_go_on_from_the_page(
    job: Job, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[Job] = []
    monkeypatch.setattr("prunescope.dashboard.views.study.runs.restart", again.append)
    at = open_page(studies)
    at.button(key=f"cancel {job.folder}").click().run()
    until(lambda: job.state() == "cancelled", job)
    at.run()
    assert not at.get("progress")
    assert "Sweep was cancelled. What it measured is kept." in texts(at)
    at.button(key=f"again {job.id}").click().run()
    assert again == [job]


def test_a_killed_worker_is_told_and_can_be_started_again(
    job: Job, study: StudyFolder, studies: Path, open_page: Open, prunescope: Command
) -> None:
    os.kill(read_document(ProcessRecord, job.folder / "turn.json").pid, signal.SIGKILL)
    until(lambda: job.state() == "died", job)
    at = open_page(studies)
    assert "its process is gone" in at.error[0].value
    assert at.button(key=f"again {job.id}").label == "Go on"
    refused = prunescope.refused("jobs", study.folder, "pause")
    assert "0001-sweep is died" not in refused
    assert "has died" in refused


def test_restart_in_the_command_is_a_job_on_the_page(
    job: Job, study: StudyFolder, studies: Path, open_page: Open, prunescope: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    job.cancel()
    until(lambda: job.state() not in ACTIVE, job)
    monkeypatch.setattr(
        "prunescope.jobs.launch.sys.executable", str(Path(__file__).parent / "none")
    )
    refused = prunescope("jobs", study.folder, "restart")
    assert refused.code == 1
    assert "Expected a process to start for 0002-sweep" in refused.err
    at = open_page(studies)
    assert "Expected a process to start for 0002-sweep" in at.error[0].value
    assert [each.id for each in jobs(study.folder)] == ["0002-sweep", "0001-sweep"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause",), "Expected a study with jobs, but it has none."),
        (("cancel", "7"), "Expected a study with jobs, but it has none."),
    ],
)
def test_without_jobs_the_command_says_so(
    study: StudyFolder, prunescope: Command, arguments: tuple[str, ...], said: str
) -> None:
    assert said in prunescope.refused("jobs", study.folder, *arguments)
    assert "Expected a study folder" in prunescope.refused("jobs", study.folder / "no", *arguments)


def test_a_study_that_its_first_job_has_not_made_yet_has_jobs(
    tmp_path: Path, prunescope: Command
) -> None:
    job = start(tmp_path / "new", ("sweep", "wait"), command=SLEEPER)
    assert [each["id"] for each in prunescope("jobs", tmp_path / "new", "--json").json] == [job.id]
    job.cancel()
    until(lambda: job.state() not in ACTIVE, job)


def shot(state: str) -> Snapshot:
    return Snapshot(state, 0, 0, 0.0, None, "", None, ())  # type: ignore[arg-type]


def test_what_ended_too_soon_is_offered_once_and_not_after_what_ended_well() -> None:
    def job(number: int, what: str) -> Job:
        return Job(Path(f"000{number}-sweep"), f"000{number}-sweep", "sweep", ("sweep", what), 0.0)

    newest = [
        (job(5, "a"), shot("running")), (job(4, "b"), shot("died")), (job(3, "b"), shot("failed")),
        (job(2, "a"), shot("cancelled")), (job(1, "c"), shot("cancelled")),
    ]  # fmt: skip
    assert [found.id for found, _ in unfinished(newest)] == ["0004-sweep", "0001-sweep"]
    assert unfinished([(job(6, "d"), shot("done")), *newest]) == []


def test_a_job_without_figures_is_told_in_steps() -> None:
    assert job_strip.steps(Snapshot("running", 3, 9, 1.0, None, "", None, ())) == "3 of 9"
    assert job_strip.steps(Snapshot("running", 30_000, 90_000, 1.0, None, "", None, ())) == "33.3 %"
    assert job_strip.steps(shot("running")) == ""


def test_curves_on_their_way_are_awaited_over_empty_axes(tmp_path: Path, open_page: Open) -> None:
    job = start(tmp_path / "new", ("sweep", "wait"), command=SLEEPER)
    until(lambda: bool(job.snapshot().figures), job)
    at = open_page(tmp_path, "curves")
    assert not at.exception
    assert "The first curves are on their way" in at.info[0].value
    assert len(at.get("plotly_chart")) == 1
    job.cancel()
    until(lambda: job.state() not in ACTIVE, job)
    at.run()
    assert not at.get("plotly_chart")


def test_a_job_of_another_machine_is_asked_to_stop_once(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    far = replace(identify(os.getpid()), host="far", boot="b", machine="m")
    folder = study.folder / "jobs" / "0001-sweep"
    write_document(folder / JOB, JobRecord(("sweep", "--study", "{study}"), 0.0, "", "", far))
    for name in (SPAWNED, TURN):
        write_document(folder / name, far)
    at = open_page(studies)
    assert "it was started on far" in "\n".join(each.value for each in at.error)
    ask = at.button(key="ask 0001-sweep")
    assert (ask.label, ask.disabled) == ("Ask to stop", False)
    assert "Where it runs, it sees that by itself" in ask.proto.help
    ask.click().run()
    assert not at.exception
    assert (folder / CANCEL).exists()
    assert at.button(key="ask 0001-sweep").disabled
    (known,) = jobs(study.folder)
    assert known.state() == UNKNOWN  # asked, and no more: its process is not ours to end
