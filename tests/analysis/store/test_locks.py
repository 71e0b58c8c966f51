"""Locks keep other processes out, end with their holder, and leave a folder as it was."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prunescope.store import locks
from prunescope.store.locks import merge_lock, single_process_lock

pytestmark = pytest.mark.quick

HOLD = "import sys, time; from pathlib import Path; from prunescope.store.locks import {name}\n"
HOLD += "with {name}({call}):\n    print('held', flush=True)\n    time.sleep(60)"


def holder(name: str, call: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(name=name, call=call)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_one_process_at_a_time_until_it_is_killed(tmp_path: Path) -> None:
    other = holder("single_process_lock", f"Path({str(tmp_path)!r}), 1")
    with single_process_lock(tmp_path, 0) as got:
        assert not got
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with single_process_lock(tmp_path, 5) as got:
        assert got


def test_merging_waits_and_goes_on_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", 0.1)
    tried: list[bool] = []
    real = locks.try_lock

    def noted(handle: int) -> bool:
        tried.append(real(handle))
        return tried[-1]

    monkeypatch.setattr(locks, "try_lock", noted)
    other = holder("merge_lock", f"Path({str(tmp_path)!r})")
    with merge_lock(tmp_path):
        assert len(tried) > 1
        assert not any(tried)
    other.kill()
    other.wait()
    with merge_lock(tmp_path):
        assert tried[-1]
    assert list(tmp_path.iterdir()) == []
    with merge_lock(tmp_path / "not there"):
        pass
