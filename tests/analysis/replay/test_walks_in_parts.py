"""A walk holds a few batches at a time: the same batches, bits, and nearly the same work."""

import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Inputs
from prunescope.replay import FrontierEngine, frontier
from prunescope.replay import chunk_outcomes as part_module
from prunescope.replay.frontier_memory import HELD
from prunescope.replay.point_groups import Step, point_groups
from prunescope.replay.taken_batches import TakenBatches
from prunescope.replay.waiting_outcomes import WaitingOutcomes
from prunescope.study import Grid, Method
from prunescope.study.point import Point
from prunescope.study.recoveries import WALKED_AGAIN
from prunescope.sweep.work_list import points

SAMPLES = 90


@pytest.fixture
def bench(lenet5: Workbench) -> Workbench:
    """Batches of 20 at most: five of 18 for 90 samples."""
    return replace(lenet5, batch=20)


@pytest.fixture
def wanted(bench: Workbench) -> tuple[Point, ...]:
    grid = Grid((Method("magnitude"), Method("l1", "channel")), (0.3, 0.5, 0.8))
    return points(grid, bench.manifest)


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The sizes of each walk's batches."""
    sizes: list[list[int]] = []
    walk = part_module.ReplayWalk

    class Noted(walk):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            sizes.append([len(batch) for batch in args[3].answers])

    monkeypatch.setattr(part_module, "ReplayWalk", Noted)
    return sizes


def in_parts(monkeypatch: pytest.MonkeyPatch, held: int, fewest: int) -> None:
    monkeypatch.setattr(frontier, "HELD", held)
    monkeypatch.setattr(frontier, "FEWEST", fewest)


@pytest.mark.parametrize(("held", "fewest", "lanes"), [(1, 1, 1), (2, 3, 1), (1, 100, 2)])
def test_parts_and_groups_change_no_bit(
    held: int, fewest: int, lanes: int, bench: Workbench, wanted: tuple[Point, ...],
    walked: list[list[int]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Less memory made other batches, of which the last bits of a product may depend."""
    whole = FrontierEngine(bench, lanes, memory=1 << 30)
    expected = dict(whole.outcomes(0, SAMPLES, wanted))
    assert walked == [[18] * 5]
    in_parts(monkeypatch, held, fewest)
    engine = FrontierEngine(bench, lanes)
    found = dict(engine.outcomes(0, SAMPLES, wanted))
    assert len(walked) > 2
    assert {size for sizes in walked for size in sizes} == {18}
    assert max(map(len, walked[1:])) <= held * lanes
    assert set(found) == set(wanted)
    for point, outcome in found.items():
        assert torch.equal(outcome.log_probabilities, expected[point].log_probabilities)
        assert torch.equal(outcome.score, expected[point].score)
        assert torch.equal(outcome.entropy, expected[point].entropy)
        assert engine.about(point) == whole.about(point)
    assert engine.work.naive == whole.work.naive
    assert engine.work.bound == whole.work.bound
    assert engine.work.executed <= whole.work.executed * (1 + 1 / WALKED_AGAIN)


def test_batch_norms_move_the_same_in_parts(
    sample_bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = replace(sample_bench("resnet20"), batch=4)
    layers = [layer.name for layer in bench.manifest.prunable()]
    wanted = [Point(name, Method("magnitude"), 0.7, "bn") for name in (*layers[:2], layers[-1])]
    expected = dict(FrontierEngine(bench, memory=1 << 30).outcomes(0, 12, wanted))
    in_parts(monkeypatch, 1, 1)
    engine = FrontierEngine(bench)
    found = dict(engine.outcomes(0, 12, wanted))
    for point in wanted:
        assert torch.equal(found[point].score, expected[point].score)
    whole = FrontierEngine(bench, memory=1 << 30).dense("bn", 0, 12)
    assert torch.equal(engine.dense("bn", 0, 12).score, whole.score)


def test_a_walk_takes_a_few_batches_for_each_lane(
    bench: Workbench, wanted: tuple[Point, ...], walked: list[list[int]]
) -> None:
    small = replace(bench, batch=4)
    for lanes in (1, 2):
        list(FrontierEngine(small, lanes).outcomes(0, SAMPLES, wanted))
        assert max(map(len, walked)) == min(HELD * lanes, -(-SAMPLES // 4))
        walked.clear()


def test_inputs_are_let_go_once_they_are_laid_out(
    bench: Workbench, wanted: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk's samples were held twice for as long as the walk took."""
    taken: list[weakref.ref[Tensor]] = []
    alive: list[int] = []

    class Watched(TakenBatches):
        def __getitem__(self, number: int) -> Inputs:
            alive.append(sum(ref() is not None for ref in taken))
            inputs = super().__getitem__(number)
            assert isinstance(inputs, Tensor)
            taken.append(weakref.ref(inputs))
            return inputs

    monkeypatch.setattr(frontier, "TakenBatches", Watched)
    list(FrontierEngine(bench, 1).outcomes(0, SAMPLES, wanted))
    assert len(taken) >= 5
    assert max(alive) <= 1  # that before, until the next takes its name


def test_early_groups_are_finished_and_given_out_before_later_ones_are_claimed(
    bench: Workbench, wanted: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch, 1, 1)
    engine, events = FrontierEngine(bench, 1), list[tuple[str, Point]]()

    def claim(point: Point) -> bool:
        events.append(("claimed", point))
        return True

    engine.claim = claim
    for point, _ in engine.outcomes(0, SAMPLES, wanted):
        events.append(("given", point))
    first_given = next(place for place, (what, _) in enumerate(events) if what == "given")
    assert len({point for _, point in events[:first_given]}) < len(wanted)


def test_what_is_stopped_between_parts_gives_out_whole_points_only(
    bench: Workbench, wanted: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch, 1, 100)
    engine, told = FrontierEngine(bench, 1), list[int]()

    def go_on(_point: Point, samples: int) -> bool:
        told.append(samples)
        return len(told) < 20

    engine.go_on = go_on
    assert list(engine.outcomes(0, SAMPLES, wanted)) == []
    assert told == [18] * 20
    engine.go_on = lambda _point, _samples: True
    found = dict(engine.outcomes(0, SAMPLES, wanted))
    assert {len(outcome.score) for outcome in found.values()} == {SAMPLES}


def steps(sizes: list[tuple[int, int]]) -> Iterator[Step[int]]:
    return (Step(place, behind, front) for place, (behind, front) in enumerate(sizes))


def test_groups_pay_for_what_is_computed_again() -> None:
    sizes = [(100 - front, front) for front in range(0, 100, 5) for _ in range(9)]
    groups = point_groups(steps(sizes), 1, 1000)
    assert [point for group in groups for point in group] == list(range(len(sizes)))
    assert len(groups) > 3
    again = sum(sizes[group[-1]][1] for group in groups[:-1])
    assert again * WALKED_AGAIN <= sum(behind for behind, _ in sizes)


def test_groups_end_where_memory_for_their_answers_ends() -> None:
    sizes = [(1, 100)] * 10
    assert [len(group) for group in point_groups(steps(sizes), 8, 1000)] == [10]
    assert [len(group) for group in point_groups(steps(sizes), 8, 4)] == [4, 4, 2]


def test_answers_that_would_take_more_than_the_frontier_are_not_kept_waiting(
    bench: Workbench, wanted: tuple[Point, ...], walked: list[list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    in_parts(monkeypatch, 1, 1)
    dense = bench.dense
    assert dense.log_probabilities is not None
    wide = dense.log_probabilities.repeat(1, 3000)
    many = replace(bench, dense=replace(dense, log_probabilities=wide))
    assert many.dense.bytes_per_sample == bench.dense.bytes_per_sample + 2999 * 10 * 4
    list(FrontierEngine(many, 1).outcomes(0, SAMPLES, wanted))
    assert walked == [[18] * 5]


def test_waiting_outcomes_lie_in_one_block(bench: Workbench) -> None:
    outcome = bench.dense.picked(torch.arange(10))
    waiting = WaitingOutcomes(2 * 10 * outcome.bytes_per_sample, 2)
    kept = [waiting.keep(outcome) for _ in range(2)]
    places = {part.score.untyped_storage().data_ptr() for part in kept}
    assert len(places) == 1
    assert kept[1].log_probabilities is not None
    assert kept[1].log_probabilities.untyped_storage().data_ptr() in places
    for part in kept:
        assert torch.equal(part.score, outcome.score)
        assert torch.equal(part.finite, outcome.finite)
        assert torch.equal(part.log_probabilities, outcome.log_probabilities)  # type: ignore[arg-type]
    full = WaitingOutcomes().keep(outcome)
    assert full.score.data_ptr() == outcome.score.data_ptr()
