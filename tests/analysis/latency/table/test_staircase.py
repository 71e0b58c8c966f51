"""A cleaned staircase never falls when more units stay; steps that buy nothing are named."""

from pathlib import Path

import numpy as np
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import UnknownName
from prunescope.latency.table.choose_models import (
    multiple,
    proposals,
    random_units,
    staircase_counts,
    steepest,
)
from prunescope.latency.table.predict_time import LatencyTable, tables
from prunescope.latency.table.rows import stored_rows, units_text
from prunescope.latency.table.staircase import Flat, described, flat_steps, staircase
from tests.analysis.latency.table.made import draws, row, truth


def table_of(
    bench: Workbench, folder: Path, steps: dict[int, float], spread: float = 0.01
) -> LatencyTable:
    """Single steps of conv2's staircase by kept units, and ten plans of a known machine."""
    manifest = bench.manifest
    plans = draws(manifest, 10)
    rows = [row(manifest, p, t) for p, t in zip(plans, truth(manifest, plans), strict=True)]
    rows += [row(manifest, {"conv2": 50 - k}, r, spread=spread) for k, r in steps.items()]
    stored_rows(folder).append(rows)
    return tables(folder, manifest)[0]


def test_more_units_are_never_faster_whatever_the_noise(lenet5: Workbench, tmp_path: Path) -> None:
    made = np.random.default_rng(1)
    noisy = {k: float(made.uniform(0.5, 1.1)) for k in (1, 7, 12, 24, 25, 40, 49)}
    steps = staircase(lenet5.manifest, table_of(lenet5, tmp_path, noisy), "conv2")
    ratios = [step.ratio for step in steps]
    assert [step.kept for step in steps] == list(range(1, 51))
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1.0
    assert {s.kept: s.timed for s in steps if s.timed is not None} == noisy | {50: 1.0}


def test_timings_that_agree_are_met(lenet5: Workbench, tmp_path: Path) -> None:
    clean = {10: 0.5, 25: 0.7, 40: 0.9}
    steps = staircase(lenet5.manifest, table_of(lenet5, tmp_path, clean), "conv2")
    for kept, ratio in clean.items():
        assert steps[kept - 1].ratio == pytest.approx(ratio, abs=0.03)


def test_flat_steps_are_named_and_falls_are_not(lenet5: Workbench, tmp_path: Path) -> None:
    steps = {1: 0.4, 25: 0.702, 32: 0.7, 41: 0.95, 48: 0.9}
    known = staircase(lenet5.manifest, table_of(lenet5, tmp_path, steps), "conv2")
    assert flat_steps(known) == (Flat(25, 32, False), Flat(41, 48, True))
    first, second = described(flat_steps(known), "channel")
    assert first == "25 channels cost as much as 32."
    assert "keep 48" in second


def test_a_noisy_difference_proves_no_slowdown(lenet5: Workbench, tmp_path: Path) -> None:
    steps = {1: 0.4, 41: 0.95, 48: 0.9}
    known = staircase(lenet5.manifest, table_of(lenet5, tmp_path, steps, spread=0.2), "conv2")
    assert Flat(41, 48, True) not in flat_steps(known)


def test_an_unknown_group_is_refused(lenet5: Workbench, tmp_path: Path) -> None:
    table = table_of(lenet5, tmp_path, {})
    with pytest.raises(UnknownName, match="group"):
        staircase(lenet5.manifest, table, "conv9")


@pytest.mark.parametrize("units", [2, 3, 4, 12, 16, 50, 64, 500])
def test_counts_are_possible_and_different(units: int) -> None:
    counts = staircase_counts(units)
    assert len(set(counts)) == len(counts)
    assert all(0 < count < units for count in counts)
    assert 1 in counts
    for kept in range(1, units + 1):
        assert 1 <= multiple(units, kept) <= units


def test_draws_are_possible_and_proposals_cover_every_staircase() -> None:
    groups = {"a": 16, "b": 50, "c": 4}
    made = np.random.default_rng(0)
    for place in range(40):
        units = random_units(groups, made, aligned=place % 2 == 0)
        assert all(0 < count < groups[name] for name, count in units.items())
    coming = proposals(groups, {"b": 2.0, "a": 1.0})
    found = [next(coming) for _ in range(60)]
    singles = [each.units for each in found if each.kind == "group"]
    assert next(iter(singles[0])) == "b"
    for name, units in groups.items():
        kept = {units - each[name] for each in singles if name in each}
        assert kept == set(staircase_counts(units))
    assert sum(each.kind == "random" for each in found) >= 8


def test_draws_over_many_groups_are_shallow_and_deep() -> None:
    groups = {f"g{place}": 64 for place in range(30)}
    made = np.random.default_rng(2)
    kept = [1 - sum(random_units(groups, made, False).values()) / (64 * 30) for _ in range(40)]
    assert min(kept) < 0.2
    assert max(kept) > 0.9


def test_the_steepest_fall_is_looked_into() -> None:
    stairs = {"a": [(1, 0.9), (16, 1.0)], "b": [(50, 1.0), (26, 0.4), (1, 0.35)]}
    found = steepest(stairs, set(), {"a": 16, "b": 50})
    assert found is not None
    (kept,) = [50 - found.units["b"]]
    assert 26 < kept < 50
    known = {units_text({"a": 16 - k}) for k in range(1, 16)}
    assert steepest({"a": stairs["a"]}, known, {"a": 16}) is None
