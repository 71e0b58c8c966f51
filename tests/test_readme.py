"""What the README tells people to type works, in its order, from an empty folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from prunescope.sample_models.registry import NAMES, measured
from prunescope.store.folder import Study
from prunescope.study.plan import Choice, Plan

README = (Path(__file__).parent.parent / "README.md").read_text()
NOT_HERE = ("git clone", "make ", "pip install", "prunescope dashboard")


def commands() -> list[str]:
    """Every line of a ``sh`` block, comments cut off."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(NOT_HERE)]


def run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_commands_and_the_python_of_the_readme_run(tmp_path: Path) -> None:
    seen = commands()
    assert {line.split()[1] for line in seen} >= {
        "inspect", "sweep", "show", "verify", "finetune", "time", "export",
    }  # fmt: skip
    for line in seen:
        program, *arguments = shlex.split(line)
        assert program == "prunescope"
        if "my-plan" in arguments:
            save_plan(tmp_path / "studies" / "mlp")
        if arguments[0] == "time":
            arguments += ["--budget", "3"]
        run(["-m", "prunescope.cli", *arguments], tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "fc1 magnitude" in run(["-c", code], tmp_path)
    assert (tmp_path / "pruned" / "recipe.json").exists()


def test_the_table_of_sample_models_is_what_was_measured() -> None:
    for name in NAMES:
        assert f"| `{name}` |" in README
        row = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"{measured(name)['test']:.2%}" in row


def save_plan(folder: Path) -> None:
    study = Study.open(folder)
    if "my-plan" not in study.plans():
        choices = {"fc1": Choice("magnitude", 0.8), "fc2": Choice("l1", 0.5, "channel")}
        study.save_plan(Plan("my-plan", study.manifest.fingerprint, choices))
