"""A real sweep in a process of its own, killed and interrupted at any moment."""

import os
import signal
import subprocess
import sys
import time
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


def start(model: Path, study: Path, log: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "analysis.cli", *arguments(model, study)],
        env=os.environ | {"EVALUATIONS": str(log), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def evaluations(log: Path) -> int:
    return len(log.read_text()) if log.exists() else 0


def wait_for(process: subprocess.Popen[str], log: Path, count: int) -> None:
    end = time.monotonic() + 200
    while evaluations(log) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=250)
    assert "Traceback" not in errors
    return process.returncode, errors


def stored(study: Path) -> int:
    from analysis.store.folder import Study

    return len(Study.open(study).measured())


def test_a_sweep_killed_then_interrupted_then_resumed_ends_like_an_untroubled_one(
    model, tmp_path, prunescope, monkeypatch
):
    """A crash loses everything; results saved only at the end: AIMET, Distiller, Vitis."""
    study, log = tmp_path / "study", tmp_path / "evaluations"

    process = start(model, study, log)
    wait_for(process, log, 12)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    kept, seen = stored(study), evaluations(log)
    assert seen - 2 <= kept < POINTS  # all but the baseline and what was under way

    process = start(model, study, log)
    wait_for(process, log, seen + 9)
    process.send_signal(signal.SIGINT)
    code, errors = finished(process)
    assert code == 130
    assert "What was finished is kept" in errors
    known, before = stored(study), evaluations(log)
    assert kept + 7 <= known < POINTS

    code, errors = finished(start(model, study, log))
    assert code == 0
    missing = POINTS - known
    assert f"{missing} points measured, {known} known before, 0 left" in errors
    assert evaluations(log) - before == 1 + missing  # the baseline and what was missing

    plain, log = tmp_path / "plain", tmp_path / "plain.evaluations"
    monkeypatch.setenv("EVALUATIONS", str(log))
    result = prunescope(*arguments(model, plain))
    assert f"{POINTS} points measured, 0 known before, 0 left" in result.err
    assert evaluations(log) == 1 + POINTS
    left = {name: content for name, content in files(study).items() if ".tmp" not in name}
    assert left == files(plain)
    assert len(left) == 2
