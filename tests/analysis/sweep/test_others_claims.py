"""Points that another sweep has claimed are waited for, but not for ever."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.sweep import shared_rows
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import points
from tests.analysis.sweep.asked import grid

HOLD = """
import ast, sys
from pathlib import Path
from prunescope.store.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(all([claims.take(key) for key in ast.literal_eval(sys.argv[2])]), flush=True)
sys.stdin.readline()
"""
ASKED = grid((0.3, 0.6))


@pytest.fixture
def study(tiny_bench: Workbench, tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "s", tiny_bench.manifest)


@pytest.fixture
def paused(study: StudyFolder) -> "Iterator[subprocess.Popen[str]]":
    """Another sweep that has claimed all points, and gets no further."""
    keys = [point.key(study.manifest) for point in points(ASKED, study.manifest)]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(study.folder), repr(keys)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def test_claims_of_a_sweep_that_gets_no_further_expire(
    study: StudyFolder, paused: "subprocess.Popen[str]", tiny_bench: Workbench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert shared_rows._PATIENCE == 60.0
    monkeypatch.setattr(shared_rows, "_PATIENCE", 0.4)
    began = time.monotonic()
    assert sweep(tiny_bench, study, ASKED, Silent()).measured == 6
    assert time.monotonic() - began > 0.4
    assert paused.poll() is None  # it holds them still


def test_until_then_they_are_waited_for(
    study: StudyFolder, paused: "subprocess.Popen[str]", tiny_bench: Workbench
) -> None:
    seen: list[int] = []

    def end() -> None:
        seen.append(len(study.measured()))
        paused.kill()

    timer = threading.Timer(0.8, end)
    timer.start()
    assert sweep(tiny_bench, study, ASKED, Silent()).measured == 6
    timer.join()
    assert seen == [0]
