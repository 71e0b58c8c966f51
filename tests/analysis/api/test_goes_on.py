"""A study made from live objects goes on from the command line, also after it was moved."""

import subprocess
from pathlib import Path
from typing import Protocol

import pytest

import prunescope as ps


class Command(Protocol):
    """Runs ``prunescope`` with arguments in a folder and returns what it printed."""

    def __call__(self, *arguments: object, folder: Path) -> str: ...


@pytest.fixture
def command(warm_commands: Path) -> Command:
    def run(*arguments: object, folder: Path) -> str:
        done = subprocess.run(
            [str(warm_commands / "prunescope"), *map(str, arguments)],
            capture_output=True, text=True, cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def moved(made: Path, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return made.rename(tmp_path / "elsewhere" / "copy")


def test_commands_verify_and_export_a_study_that_was_moved(
    command: Command, moved: Path, tmp_path: Path
) -> None:
    study = ps.open(moved)
    plan = study.plan({"conv2": ("l1@channel", 0.5), "fc": 0.5}, name="hand")
    study.save(plan)
    out = command("verify", "copy", "hand", folder=moved.parent)
    assert "on 200 validation samples" in out
    command(
        "export", "copy", "hand", "-o", "out", "--formats", "safetensors,recipe",
        folder=moved.parent,
    )  # fmt: skip
    recipe = (moved.parent / "out/recipe.json").read_text()
    assert "study:Net.pt2" in recipe
    assert str(tmp_path) not in recipe
    assert len(ps.open(moved).verified) == 1


def test_commands_sweep_more_and_fine_tune(command: Command, moved: Path) -> None:
    before = len(ps.open(moved).curves)
    command("sweep", "--study", moved, "--sparsities", "0.7", "--layers", "fc", folder=moved)
    study = ps.open(moved)
    assert len(study.curves) == before + 1
    study.save(study.plan({"fc": 0.7}, name="tuned"))
    assert "After" not in command("finetune", moved, "tuned", "--epochs", "1", folder=moved)
    assert (moved / "recovered").is_dir()
