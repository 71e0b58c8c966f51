"""Run bad inputs, each in its own copy of the workplace, and count what came of them."""

import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.bad_input import BadInput, Problem, files, problems
from tests.faults.families import all_inputs
from tests.faults.fork_server import Call, ForkServer, Outcome

WHOLE: Final = "PRUNESCOPE_FAULTS"
"""Environment variable: ``whole`` runs all of the suite, not the part that fits in a test run."""
_ALWAYS: Final = ("named", "found")
"""Families all of which every test run tries."""
_EVERY: Final = 24
"""Of the generated families, one in so many is in the bounded part."""


@dataclass(frozen=True)
class Result:
    """What came of a bad input."""

    bad: BadInput
    ended: Outcome
    problems: list[Problem]


def whole() -> bool:
    """Return whether all of the suite is asked for."""
    return os.environ.get(WHOLE) == "whole"


def chosen() -> tuple[BadInput, ...]:
    """Return the inputs that this run tries: all, or those that were named and some of the rest."""
    every = all_inputs()
    if whole():
        return every
    named = [bad for bad in every if bad.family in _ALWAYS]
    rest = [bad for bad in every if bad.family not in _ALWAYS]
    return (*named, *itertools.islice(rest, 0, None, _EVERY))


def crowd() -> float:
    """Return how many processes wait for each processor, 1 at least: limits are that much longer.

    A refusal takes a second of a processor; where eight processes share one, it takes eight.
    """
    return max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)


def attempt(server: ForkServer, workplace: Path, bad: BadInput, folder: Path) -> Result:
    """Try one input in ``folder``, which is made from the workplace."""
    shutil.copytree(workplace, folder, symlinks=True)
    bad.prepare(folder)
    before = files(folder)
    line = tuple(word.replace("{here}", str(folder)) for word in bad.line)
    limit = bad.limit * crowd()
    ended = server.run(Call(line, str(folder), limit, bad.environment))
    return Result(bad, ended, problems(bad, ended, before, files(folder)))


def attempts(
    server: ForkServer, workplace: Path, inputs: Iterable[BadInput], folder: Path
) -> Iterator[Result]:
    """Try all of ``inputs``, one after another, below ``folder``."""
    for number, bad in enumerate(inputs):
        place = folder / str(number)
        yield attempt(server, workplace, bad, place)
        shutil.rmtree(place, ignore_errors=True)
