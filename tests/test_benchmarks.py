"""``make bench`` finds every benchmark, and one that fails does not take the others with it."""

import importlib
import sys
import types

import pytest

from benchmarks.__main__ import ORDER, main, names


def test_every_benchmark_has_a_place_and_a_main():
    assert names()[: len(ORDER)] == list(ORDER)  # what is newer than the order comes last
    for name in names():
        assert callable(importlib.import_module(f"benchmarks.{name}").main), name


def test_one_that_fails_is_named_and_the_others_run(monkeypatch, capsys):
    def fail():
        raise ValueError("in the middle")

    for name, call in (("kills", fail), ("solver", lambda: print("a table"))):
        module = types.ModuleType(name)
        module.main = call
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", module)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "kills", "solver"])
    with pytest.raises(SystemExit, match="but these did not: kills"):
        main()
    said = capsys.readouterr()
    assert "a table" in said.out
    assert "in the middle" in said.err
