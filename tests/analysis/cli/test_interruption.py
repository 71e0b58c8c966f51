"""A real sweep in a process of its own, killed and interrupted at any moment."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.analysis.store.rows import files
from tests.conftest import TINY

SLOW = (
    TINY
    + '''

def slow(outputs, targets):
    """Top-1 that takes its time and leaves a line per evaluation."""
    import os
    import time

    time.sleep(0.05)
    with open(os.environ["EVALUATIONS"], "a") as log:
        log.write("x")
    return (outputs.argmax(1) == targets).float()
'''
)
POINTS = 3 * 2 * 9
Start = Callable[[Path, Path, Path], "subprocess.Popen[str]"]
BESIDES = 7 + 4 * 2
"""Calls of the metric that are no points: the baseline, the estimate of the cost, the dense network
in the sweep's order, the empty mask and the shuffled labels of the checks before a study, and for
Ctrl-C the two that may be under way; and at its first four calls, two more that show whether it
scores each sample by itself."""
GRID = (
    "--methods", "magnitude,random", "--seeds", "0", "--sparsities", "0.1:0.9:0.1",
    "--threads", "1",
)  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.py"
    path.write_text(SLOW)
    return path


def arguments(model: Path, study: Path) -> tuple[str, ...]:
    given = ("sweep", f"{model}:build", "--data", f"{model}:splits", "--metric", f"{model}:slow")
    return (*given, "--study", str(study), *GRID)


@pytest.fixture
def start(warm_commands: Path) -> Start:
    """Begin a sweep of a model in a study, with a log of its evaluations."""

    def begin(model: Path, study: Path, log: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(warm_commands / "prunescope"), *arguments(model, study)],
            env=os.environ | {"EVALUATIONS": str(log), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def evaluations(log: Path) -> int:
    return len(log.read_text()) if log.exists() else 0


def wait_for(process: subprocess.Popen[str], study: Path, count: int) -> int:
    """Return how many points are written, once they are at least ``count``."""
    end = time.monotonic() + 200
    while not (study / "study.json").exists() or stored(study) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)
    return stored(study)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=250)
    assert "Traceback" not in errors
    return process.returncode, errors


def stored(study: Path) -> int:
    from prunescope.store.folder import StudyFolder

    return len(StudyFolder.open(study).measured())


def measured_files(study):
    """What sweeps have measured; how long each took is kept beside it, in ``paces``."""
    return {
        name: content
        for name, content in files(study).items()
        if ".tmp" not in name and not name.startswith("paces")
    }


@pytest.mark.long  # test_together has two of them, test_claims one that is killed
def test_two_sweeps_of_one_study_share_the_work_and_one_takes_over_from_a_killed_one(
    model, tmp_path, prunescope, monkeypatch, start
):
    study, log = tmp_path / "study", tmp_path / "evaluations"
    pair = [start(model, study, log) for _ in range(2)]
    for process in pair:
        assert finished(process)[0] == 0
    assert stored(study) == POINTS
    assert evaluations(log) <= POINTS + 2 * BESIDES  # not twice the points

    killed, log = tmp_path / "killed", tmp_path / "killed.evaluations"
    first, second = (start(model, killed, log) for _ in range(2))
    wait_for(first, killed, 8)
    first.kill()
    first.communicate()
    kept, seen = stored(killed), evaluations(log)
    assert finished(second)[0] == 0
    assert stored(killed) == POINTS
    assert evaluations(log) <= POINTS + 2 * BESIDES + max(seen - kept, 0)

    alone = tmp_path / "alone"
    monkeypatch.setenv("EVALUATIONS", str(tmp_path / "alone.evaluations"))
    prunescope(*arguments(model, alone))
    for shared in (study, killed):
        assert measured_files(shared) == measured_files(alone)


def test_a_sweep_killed_then_interrupted_then_resumed_ends_like_an_untroubled_one(
    model, tmp_path, prunescope, monkeypatch, start
):
    """A crash loses everything; results saved only at the end: AIMET, Distiller, Vitis."""
    study, log = tmp_path / "study", tmp_path / "evaluations"

    process = start(model, study, log)
    written = wait_for(process, study, 4)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    kept, seen = stored(study), evaluations(log)
    assert written <= kept <= seen  # what was written is kept; it is written every now and then

    process = start(model, study, log)
    wait_for(process, study, kept + 4)
    process.send_signal(signal.SIGINT)
    code, errors = finished(process)
    assert code == 130
    assert "What was finished is kept" in errors
    known, before = stored(study), evaluations(log)
    assert kept + before - seen - BESIDES <= known < POINTS  # Ctrl-C writes all that is finished

    code, errors = finished(start(model, study, log))
    assert code == 0
    missing = POINTS - known
    assert f"{missing} points measured, {known} known before, 0 left" in errors
    assert missing <= evaluations(log) - before <= missing + BESIDES

    plain, log = tmp_path / "plain", tmp_path / "plain.evaluations"
    monkeypatch.setenv("EVALUATIONS", str(log))
    result = prunescope(*arguments(model, plain))
    assert f"{POINTS} points measured, 0 known before, 0 left" in result.err
    assert POINTS < evaluations(log) <= POINTS + BESIDES
    assert measured_files(study) == measured_files(plain)
    assert {Path(name).parts[0] for name in measured_files(study)} >= {
        "study.json",
        "measurements",
        "logits",
    }
