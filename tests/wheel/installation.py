"""Prunescope built as a wheel and installed, not editable, into a fresh environment."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SOURCES = ("analysis", "dashboard", "sample_models")
_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel in it.

    Attributes:
        wheel: The file.
        folder: Of the environment.
    """

    wheel: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / "prunescope"

    def run(self, *command: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
        """Run a command; what it printed is in the error where it fails."""
        done = subprocess.run(
            [str(part) for part in command], cwd=cwd, env=environment(), text=True,
            capture_output=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done


def environment() -> dict[str, str]:
    """The present one without what would lead to the sources."""
    left = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return left | {"OMP_NUM_THREADS": "1", "PRUNESCOPE_WARM_WORKER": "0"}


def install(folder: Path) -> Installation:
    """Build the wheel from a copy of the sources and install it below ``folder``."""
    sources = folder / "sources"
    sources.mkdir()
    for name in _SOURCES:
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, sources / name, ignore=without)
    for name in _FILES:
        shutil.copy(ROOT / name, sources)
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", folder / "wheels", sources)
    (wheel,) = (folder / "wheels").glob("*.whl")
    made = folder / "environment"
    venv.create(made, symlinks=True)
    _pip("--python", made / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    # The dependencies are those of the environment that runs the tests. Python reads no .pth file
    # of a folder that is only added by another one: an editable prunescope stays out of it.
    own = next((made / "lib").glob("python*/site-packages"))
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installation(wheel, made)


def _pip(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
