"""Three kills of a fine-tuning: each loses little, and the weights are those of an unkilled run."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.killed_tuning import Tuning, made
from prunescope.recovery.training.fine_tuning_report import read_result, result_folder
from tests.conftest import TINY

EPOCHS = 24


@pytest.mark.long  # in one process: recovery/training/test_stopped_runs; one kill: test_kills
def test_three_kills_lose_little_and_change_nothing(
    tmp_path: Path, warm_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.killed_tuning.sys", SimpleNamespace(executable=warm_python))
    (tmp_path / "tiny.py").write_text(TINY)
    model, data = f"{tmp_path / 'tiny.py'}:build", f"{tmp_path / 'tiny.py'}:splits"
    plan = made(tmp_path / "plain", model, data)
    shutil.copytree(tmp_path / "plain", tmp_path / "killed")
    wanted = Tuning(tmp_path / "plain", plan, EPOCHS).finished()
    steps = read_result(result_folder(tmp_path / "plain", plan)).curve[-1].step
    tuning = Tuning(tmp_path / "killed", plan, EPOCHS)
    kills = [tuning.killed(steps * number // 5) for number in (1, 2, 3)]
    assert all(kill.seconds < 60 for kill in kills)
    # A state is kept after every epoch: of what was written down, two epochs are lost at most.
    assert all(kill.at - kill.state <= 2 * steps / EPOCHS for kill in kills)
    states = [kill.state for kill in kills]
    assert 0 < states[0] < states[1] < states[2] < steps
    assert tuning.finished() == wanted
    assert read_result(result_folder(tmp_path / "killed", plan)).resumed == 3
