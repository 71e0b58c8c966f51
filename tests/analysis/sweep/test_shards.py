"""Shards of a grid are all of it, each point once, and about equal work."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescope.bench.workbench import Workbench
from prunescope.study import Grid, Method
from prunescope.study.shard import Shard
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points

METHODS = (Method("magnitude"), Method("l1", "channel"), Method("random"))
GRID = Grid(METHODS, (0.1, 0.3, 0.5, 0.7, 0.9), recoveries=("none", "ls"))


def shards(grid: Grid, manifest, count: int):
    return [
        points(replace(grid, shard=Shard(place + 1, count)), manifest) for place in range(count)
    ]


@given(count=st.integers(1, 40), few=st.booleans())
def test_each_point_belongs_to_one_shard(lenet5: Workbench, count: int, few: bool) -> None:
    grid = replace(GRID, methods=METHODS[:1], recoveries=("none",)) if few else GRID
    parts = shards(grid, lenet5.manifest, count)
    whole = points(grid, lenet5.manifest)
    assert sorted((p for part in parts for p in part), key=str) == sorted(whole, key=str)
    for part in parts:
        assert [p for p in whole if p in set(part)] == list(part)


@pytest.mark.parametrize("count", [2, 4, 16])
def test_each_has_about_the_same_work(lenet5: Workbench, count: int) -> None:
    behind = suffix_macs(lenet5.manifest)
    work = [sum(behind(p.subject) for p in part) for part in shards(GRID, lenet5.manifest, count)]
    assert max(work) - min(work) <= max(behind(p.subject) for p in points(GRID, lenet5.manifest))


def test_few_curves_are_cut(lenet5: Workbench) -> None:
    one = Grid(METHODS[:1], GRID.sparsities, ("conv1",))
    assert [len(part) for part in shards(one, lenet5.manifest, 5)] == [1] * 5
    assert [len(part) for part in shards(one, lenet5.manifest, 7)] == [1] * 5 + [0, 0]


def test_curves_stay_whole_where_there_are_many(lenet5: Workbench) -> None:
    first, second = (
        {(p.subject, p.method, p.recovery, p.seed) for p in part}
        for part in shards(GRID, lenet5.manifest, 2)
    )
    assert not first & second


def test_what_one_machine_refuses_moves_nothing_on_the_others(lenet5: Workbench) -> None:
    manifest = lenet5.manifest
    refused = manifest.removable()[0].name
    groups = tuple(
        replace(group, reason="it differs") if group.name == refused else group
        for group in manifest.groups
    )
    for before, after in zip(
        shards(GRID, manifest, 3), shards(GRID, replace(manifest, groups=groups), 3), strict=True
    ):
        on_units = [p for p in before if not (p.subject == refused and p.method == METHODS[1])]
        assert list(after) == on_units


def test_a_pattern_means_the_same_everywhere(lenet5: Workbench) -> None:
    grid = Grid(METHODS[:1], GRID.sparsities, ("fc*", "conv1"))
    parts = shards(grid, lenet5.manifest, 3)
    named = replace(grid, subjects=("fc1", "fc2", "conv1"))
    assert parts == shards(named, lenet5.manifest, 3)
    assert sum(map(len, parts)) == 15
