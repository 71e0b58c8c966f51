"""Every example in a docstring is run, under the name by which users import it."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import prunescope
import prunescope.dashboard
import prunescope.sample_models

RUNS_WHEN_IMPORTED = ("__main__",)


def modules() -> list[str]:
    names = set()
    for package in (prunescope, prunescope.dashboard, prunescope.sample_models):
        names.add(package.__name__)
        walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        names |= {module.name for module in walked}
    return sorted(name for name in names if not name.endswith(RUNS_WHEN_IMPORTED))


def examples(module: ModuleType) -> doctest.TestResults:
    """Run the examples of a module.

    ``doctest.testmod`` begins a run for every docstring, those without an example too, and looks
    before each after all files whose lines Python has at hand.
    """
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(module, module.__name__):
        if test.examples:
            runner.run(test)
    return doctest.TestResults(runner.failures, runner.tries)


@pytest.mark.parametrize("name", modules())
def test_examples(name: str) -> None:
    assert examples(importlib.import_module(name)).failed == 0


def test_most_rooms_are_found_and_examples_are_run() -> None:
    names = set(modules())
    assert len(names) > 350
    assert {"prunescope.study.sparsity", "prunescope.dashboard.tables.plan"} <= names
    assert examples(importlib.import_module("prunescope.study.method")).attempted >= 3


def test_an_example_that_fails_is_seen() -> None:
    module = ModuleType("wrong", ">>> 1 + 1\n3\n")
    assert examples(module) == doctest.TestResults(1, 1)
