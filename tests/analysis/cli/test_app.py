"""The command line holds what it says, and loads only what is asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prunescope.cli.app import COMMANDS, application
from prunescope.cli.closed_pipe import reader_gone


def loaded(*asked: str) -> set[str]:
    """The modules that are there once the command line for ``asked`` is."""
    code = f"import sys; from prunescope.cli.app import application; application({list(asked)!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_every_command_is_there_in_the_order_of_the_help(prunescope) -> None:
    app = application(["--help"])
    assert [command.name for command in app.registered_commands] == list(COMMANDS)
    said = prunescope("--help")
    assert said.code == 0
    for name in COMMANDS:
        assert f" {name} " in said.out
    assert "how much of a trained network can be removed" in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(prunescope, name: str) -> None:
    said = prunescope(name, "--help")
    assert said.code == 0
    assert f"prunescope {name}" in said.out or f" {name} " in said.out


def test_a_command_that_does_not_exist_is_wrong_usage(prunescope) -> None:
    said = prunescope("swep")
    assert said.code == 2
    assert "swep" in said.err


def test_opening_the_browser_waits_for_no_library() -> None:
    """A second of imports is a second later for the first curve."""
    heavy = {"pandas", "scipy.optimize", "scipy.stats", "torch"}
    assert not heavy & loaded("demo")
    assert not {"scipy.optimize", "scipy.stats", "torch"} & loaded("sweep")
    assert {"pandas", "scipy.optimize"} <= loaded("plan")  # the check can fail


@pytest.mark.parametrize("asked", [("--help",), ("inspect", "sample:mlp", "--json")])
def test_a_reader_that_leaves_is_no_error_of_ours(tmp_path: Path, asked: tuple[str, ...]) -> None:
    done = unread(tmp_path, *asked)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_refusal_is_said_to_whoever_reads_errors(tmp_path: Path) -> None:
    done = unread(tmp_path, "trust", "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("there", [True, False])
def test_a_pipe_to_somebody_else_is_an_error_like_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool
) -> None:
    with (tmp_path / "out").open("w") if there else Path(os.devnull).open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert not reader_gone(BrokenPipeError("to a worker that died"))


def unread(folder: Path, *asked: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output nobody reads."""
    code = f"import sys; sys.argv[1:] = {list(asked)!r}; "
    code += "from prunescope.cli.app import main; main()"
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writes, stderr=subprocess.PIPE, text=True,
        check=False, cwd=folder,
    )  # fmt: skip
    os.close(writes)
    return done
