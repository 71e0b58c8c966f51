"""One live study for many tests."""

import shutil
from pathlib import Path

import pytest

import prunescope as ps
from prunescope.progress import Silent
from tests.analysis.api.digits import splits, trained
from tests.analysis.cli.command import Command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line."""
    return Command(monkeypatch, capsys)


@pytest.fixture
def made(original: Path, tmp_path: Path) -> Path:
    """The folder of a study made from live objects, a copy for each test."""
    shutil.copytree(original, tmp_path / "made")
    return tmp_path / "made"


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``made`` copies."""
    folder = tmp_path_factory.mktemp("live") / "digits"
    ps.sweep(
        trained(), splits(), methods=["magnitude", "l1@channel"], sparsities=[0.3, 0.5],
        folder=folder, progress=Silent(),
    )  # fmt: skip
    return folder
