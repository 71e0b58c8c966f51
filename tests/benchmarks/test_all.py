"""``make bench`` finds every benchmark, and one that fails does not take the others with it."""

import importlib
import sys

import pytest

from benchmarks.__main__ import ORDER, main, names


def test_every_benchmark_has_a_place_and_a_main():
    assert names()[: len(ORDER)] == list(ORDER)  # what is newer than the order comes last
    for name in names():
        assert callable(importlib.import_module(f"benchmarks.{name}").main), name


def test_without_names_all_of_them_run(monkeypatch, capfd):
    monkeypatch.setattr("benchmarks.__main__.names", lambda: ["one", "two"])
    monkeypatch.setattr(
        "benchmarks.__main__.command", lambda name: (sys.executable, "-c", f"print('ran {name}')")
    )
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    main()
    assert ["ran one" in (said := capfd.readouterr().out), "ran two" in said] == [True, True]


def test_one_that_fails_or_never_ends_is_named_and_the_others_run(monkeypatch, capfd):
    programs = {
        "sweep_batch": "raise ValueError('in the middle')",
        "sweep_cost": "import time; print('half of it', flush=True); time.sleep(60)",
        "solver": "print('a table')",
    }
    monkeypatch.setattr(
        "benchmarks.__main__.command", lambda name: (sys.executable, "-c", programs[name])
    )
    monkeypatch.setattr(sys, "argv", ["benchmarks", *programs, "--minutes", "0.05"])
    with pytest.raises(SystemExit, match=r"did not: sweep_batch, sweep_cost \(in 0.05 minutes\)"):
        main()
    said = capfd.readouterr()
    assert "half of it" in said.out
    assert "a table" in said.out
    assert "in the middle" in said.err
