"""Every example in a docstring is run, under the name by which users import it."""

import doctest
import importlib
import pkgutil

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


@pytest.mark.parametrize("name", modules())
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed


def test_most_rooms_are_found_and_examples_are_run() -> None:
    names = set(modules())
    assert len(names) > 350
    assert {"prunescope.study.sparsity", "prunescope.dashboard.tables.plan"} <= names
    assert doctest.testmod(importlib.import_module("prunescope.study.method")).attempted >= 3
