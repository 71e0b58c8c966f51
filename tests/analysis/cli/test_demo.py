"""The demo queues its other jobs once the first one measures, and none after a failure."""

import sys
from pathlib import Path

import pytest

from prunescope.cli import demo
from prunescope.jobs import ACTIVE, Job, start

SLEEPER = (sys.executable, str(Path(__file__).parents[2] / "dashboard" / "sleeper.py"))
CRASHER = (sys.executable, str(Path(__file__).parents[1] / "jobs" / "worker.py"))


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(demo, "start", lambda study, arguments: found.append(arguments))
    return found


def test_the_others_follow_once_the_first_measures(tmp_path: Path, queued: list[list[str]]) -> None:
    job = start(tmp_path, ("sweep", "wait"), command=SLEEPER)
    demo._follow(job, tmp_path, [["calibrate"], ["time"]])
    assert job.snapshot().figures
    assert queued == [["calibrate"], ["time"]]
    job.cancel()
    while job.state() in ACTIVE:
        pass


@pytest.mark.parametrize(("mood", "follow"), [("fail", []), ("quick", [["time"]])])
def test_nothing_follows_a_failure(
    tmp_path: Path, queued: list[list[str]], mood: str, follow: list[list[str]]
) -> None:
    job: Job = start(tmp_path, (mood,), command=CRASHER)
    demo._follow(job, tmp_path, [["time"]])
    assert queued == follow
