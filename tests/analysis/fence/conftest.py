"""One real program, and a copy of it for each test."""

import shutil

import pytest

from tests.analysis.fence.programs import exported


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """One real program for all tests: exporting takes seconds."""
    path = tmp_path_factory.mktemp("program") / "m.pt2"
    exported(path)
    return path


@pytest.fixture
def made(tmp_path, original):
    """A real program, and the file that appears when code of it runs."""
    shutil.copy(original, tmp_path / "m.pt2")
    return tmp_path / "m.pt2", tmp_path / "it-ran"
