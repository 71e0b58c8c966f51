"""Bad inputs end in one sentence within their limit: a part of them, all by ``make faults``."""

import shutil
from pathlib import Path

import pytest

from tests.faults.bad_input import BadInput
from tests.faults.families import all_inputs
from tests.faults.families.numbers import LINES, options
from tests.faults.fork_server import Call, ForkServer
from tests.faults.suite import attempt, chosen

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("bad", chosen(), ids=str)
def test_it_is_one_sentence(
    bad: BadInput, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    came = attempt(server, workplace, bad, tmp_path / "here")
    assert came.problems == [], (bad.line, came.ended)


def test_there_are_many_of_each_family() -> None:
    every = all_inputs()
    assert len(every) > 1000
    families = {bad.family for bad in every}
    assert len(families) == 13
    assert {bad.family for bad in chosen()} == families
    assert sum(bad.family == "named" for bad in every) >= 35


def test_every_option_that_takes_a_number_is_among_them() -> None:
    assert {command for command, _ in options()} <= set(LINES)
    assert len(list(options())) > 20


@pytest.mark.parametrize(
    "line",
    ["show study", "inspect net.pt2 --shape 1,6,6", "plan study --target macs=0.7 --seconds 0.2",
     "verify study half", "time study --budget 0.3 --runtime torch --json", "jobs study"],
)  # fmt: skip
def test_the_same_lines_end_well_on_what_is_whole(
    line: str, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    """The suite's twin: it is the bad input that is refused, not the workplace."""
    here = shutil.copytree(workplace, tmp_path / "here")  # what it measures is nobody else's
    ended = server.run(Call(tuple(line.split()), str(here)))
    assert ended.code == 0, ended


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("1 / 0", "traceback"),
        ("import ctypes; ctypes.string_at(0)", "crash"),
        ("print('fine')", "silent"),
        ("import time; time.sleep(30)", "late"),
        ("import sys; print('prunescope: no', file=sys.stderr); sys.exit(1)", "words"),
        ("import os; os.remove('data.npz')", "changed"),
        ("import os; os.mkdir('it-ran')", "ran code"),
        ("x = bytearray(3 << 30); x[::4096] = b'x' * len(x[::4096])", "memory"),
    ],
)
def test_the_suite_sees_what_goes_wrong(
    script: str, problem: str, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    limit = 2.0 if problem == "late" else 60.0  # touching 3 GB takes seconds beside other work
    bad = BadInput("twin", problem, ("-c", script), limit=limit)
    assert problem in attempt(server, workplace, bad, tmp_path / "here").problems
