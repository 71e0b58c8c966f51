"""The commands of README's section on teams, followed literally; docs/teams.md repeats them."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from prunescope.dashboard.launch_command import TOKEN
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest, Reference
from tests.browser.served import free_port, status
from tests.pages import blocks

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SECTION = README.partition("## For a team\n")[2].partition("\n## ")[0]
PAGE = (ROOT / "docs" / "teams.md").read_text("utf-8")


def commands(text: str) -> list[str]:
    """The lines of the one block of ``sh`` in a page, without their comments."""
    (block,) = [block for block in blocks(text) if block.language == "sh"]
    return [line.partition(" #")[0].strip() for line in block.code.splitlines()]


def test_the_page_says_the_same_as_the_readme() -> None:
    assert commands(PAGE) == commands(SECTION)


def test_what_the_section_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", SECTION)
    assert len(links) >= 2
    for link in links:
        assert (ROOT / link).is_file(), link


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands are typed: a folder of studies, one of them from elsewhere."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(TOKEN, raising=False)
    (tmp_path / "models").mkdir()
    reference = Reference("net.py:build", "images.npz")
    StudyFolder.create(tmp_path / "studies" / "sent", Manifest(reference, "f", 0, 0, 0, 0, 0, ()))
    return tmp_path


def test_there_are_four() -> None:
    assert [line.split()[1] for line in commands(SECTION)] == ["dashboard"] * 3 + ["trust"]


@pytest.mark.parametrize("line", commands(SECTION))
def test_it_runs(line: str, place: Path) -> None:
    program, *arguments = shlex.split(line)
    assert program == "prunescope"
    run = [sys.executable, "-m", "prunescope.cli", *arguments]
    if arguments[0] == "trust":
        done = subprocess.run(
            run, cwd=place, input="y\n", capture_output=True, text=True, check=True
        )
        assert "net.py:build" in "".join(done.stdout.split())
        assert any((place / "state").rglob("trusted/*"))
        return
    port = free_port()  # the only change: a port that is free here
    process = subprocess.Popen(
        [*run, "--port", str(port)], cwd=place, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"CI": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert ("read-only" in process.stderr.readline()) == ("--read-only" in arguments)
        link = process.stderr.readline().strip()
        assert link.startswith(f"http://127.0.0.1:{port}/?token=")
        assert status(link) == 200
        assert status(link.partition("?")[0]) == 403
        assert status(link[:-1]) == 403
    finally:
        process.send_signal(signal.SIGINT)
        for child in _children(process.pid):
            child.send_signal(signal.SIGINT)  # as a terminal does to all of them
        process.wait(timeout=30)
        process.stderr.close()


def _children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)
