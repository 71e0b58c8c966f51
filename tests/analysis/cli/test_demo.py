"""The demo queues its other jobs once the first one measures, and none after a failure."""

import sys
from pathlib import Path

import pytest

from prunescope.cli import demo
from prunescope.commands import Calibrate, Request, Time
from prunescope.jobs import ACTIVE, Job, start

SLEEPER = (sys.executable, str(Path(__file__).parents[2] / "dashboard" / "sleeper.py"))
CRASHER = (sys.executable, str(Path(__file__).parents[1] / "jobs" / "worker.py"))


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    found: list[Request] = []
    monkeypatch.setattr(demo, "start", lambda study, request: found.append(request))
    return found


def test_the_others_follow_once_the_first_measures(tmp_path: Path, queued: list[Request]) -> None:
    job = start(tmp_path, ("sweep", "wait"), command=SLEEPER)
    demo._follow(job, tmp_path, [Calibrate(), Time()])
    assert job.snapshot().figures
    assert queued == [Calibrate(), Time()]
    job.cancel()
    while job.state() in ACTIVE:
        pass


@pytest.mark.parametrize(("mood", "follow"), [("fail", []), ("quick", [Time()])])
def test_nothing_follows_a_failure(
    tmp_path: Path, queued: list[Request], mood: str, follow: list[Request]
) -> None:
    job: Job = start(tmp_path, (mood,), command=CRASHER)
    demo._follow(job, tmp_path, [Time()])
    assert queued == follow
