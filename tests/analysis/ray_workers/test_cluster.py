"""A sweep on the workers of a real Ray cluster equals one made alone, also where one is killed."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prunescope.store.folder import StudyFolder
from tests.analysis.store.rows import files

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: prunescope[ray]"
)
ASKED = ("--sparsities", "0.3,0.6,0.9", "--methods", "magnitude,l1@channel", "--threads", "1")


def command(folder: Path, tiny, *more: str) -> list[str]:
    return [
        sys.executable, "-W", "ignore", "-m", "prunescope.cli", "sweep", tiny.model,
        "--data", tiny.data, "--study", str(folder), *ASKED, *more,
    ]  # fmt: skip


def a_worker(driver: psutil.Process, seconds: float) -> psutil.Process:
    """A process of the driver's cluster that is at a part."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for child in driver.children(recursive=True):
            try:
                if "PartWorker" in " ".join(child.cmdline()):
                    return child
            except psutil.Error:
                continue
        time.sleep(0.1)
    raise AssertionError("no worker began")


@pytest.mark.timeout(240)
def test_a_worker_of_a_cluster_measures_what_is_measured_alone(
    tiny, tmp_path, monkeypatch, prunescope, warm_commands
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "alone", *ASKED)
    store = ("--store", f"file://{tmp_path / 'store'}", "--ray", "local", "--workers", "1")
    done = subprocess.run(
        [str(warm_commands / "prunescope"), *command(tmp_path / "shared", tiny, *store)[5:]],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for part in ("measurements", "logits"):
        assert files(tmp_path / "shared" / part) == files(tmp_path / "alone" / part)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_killed_worker_loses_and_repeats_nothing(tiny, tmp_path, monkeypatch, prunescope) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "alone", *ASKED)
    store = f"file://{tmp_path / 'store'}"
    shared = ("--store", store, "--ray", "local", "--workers", "2")
    running = subprocess.Popen(
        command(tmp_path / "shared", tiny, *shared), stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    a_worker(psutil.Process(running.pid), 120).send_signal(signal.SIGKILL)
    _, told = running.communicate(timeout=200)
    assert running.returncode == 0, told
    assert "1 worker died, and others went on" in told
    for part in ("measurements", "logits"):
        assert files(tmp_path / "shared" / part) == files(tmp_path / "alone" / part)
    assert prunescope("merge", tmp_path / "all", store).code == 0
    for part in ("measurements", "logits"):
        assert files(tmp_path / "all" / part) == files(tmp_path / "alone" / part)
    points = len(StudyFolder.open(tmp_path / "alone").measured())
    assert f"{points} points measured, 0 known before, 0 left." in told
