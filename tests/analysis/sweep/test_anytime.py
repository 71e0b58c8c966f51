"""Chunks, partial rows, resuming, budgets and modes: what the anytime sweep promises."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.curves.curve import curves
from prunescope.errors import CannotPrune
from prunescope.progress import Silent
from prunescope.replay.engine import order
from prunescope.replay.naive import NaiveEngine
from prunescope.statistics.confidence_sequence import drop_half_widths
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, doubling
from prunescope.study.point import Point
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.work_list import points
from prunescope.sweep.work_order import pilots
from tests.analysis.store.rows import files
from tests.stops import StopAfter

GRID = Grid((Method("magnitude"), Method("random")), (0.3, 0.6, 0.8, 0.9, 0.95), seeds=(0,))
COUNTS = ["removed", "total", "samples", "score_sum", "drop_sum", "drop_squares", "agreements"]
REALS = ["entropy_sum", "entropy_squares", "divergence_sum", "divergence_squares"]


class Logged(NaiveEngine):
    """Remembers which pieces it evaluated."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.pieces: list[tuple[Point, int, int]] = []

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        for point, outcome in super().outcomes(start, stop, points):
            self.pieces.append((point, start, stop))
            yield point, outcome


def stored(study: StudyFolder) -> dict[tuple[str, str, float], dict[str, float]]:
    frame = study.measured()
    return {(r["subject"], r["criterion"], r["sparsity"]): r for r in frame.to_dict("records")}


def test_chunks_add_up_to_the_one_go_loop(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    report = sweep(mlp, study, GRID, Silent())
    rows = stored(study)
    assert report.measured == len(rows) == 30
    assert report.samples == 30 * 300
    for point, row in measure(mlp, points(GRID, mlp.manifest)):
        expected = asdict(row)
        found = rows[point.subject, point.method.criterion, point.sparsity]
        assert [found[name] for name in COUNTS] == [expected[name] for name in COUNTS]
        assert list(found["class_correct"]) == list(expected["class_correct"])
        assert found["population"] == found["samples"] == 300
        for name in REALS:
            assert found[name] == pytest.approx(expected[name], rel=1e-4, abs=1e-4)


def test_every_point_has_an_estimate_before_any_has_two(mlp: Workbench, tmp_path: Path) -> None:
    engine = Logged(mlp)
    sweep(mlp, StudyFolder.create(tmp_path, mlp.manifest), GRID, Silent(), engine)
    first = doubling(300)[0]
    ahead = pilots(points(GRID, mlp.manifest), mlp.manifest)
    others = [(point, stop) for point, _, stop in engine.pieces if point not in ahead]
    assert len(ahead) == 6  # of 30 points: of three layers, two of them twice, and of each method
    assert {stop for _, stop in others[:24]} == {first}
    assert len({point for point, _ in others[:24]}) == 24


def test_stopped_anywhere_nothing_is_evaluated_twice_and_the_files_are_the_same(
    mlp: Workbench, tmp_path: Path
) -> None:
    plain = StudyFolder.create(tmp_path / "plain", mlp.manifest)
    whole = Logged(mlp)
    sweep(mlp, plain, GRID, Silent(), whole)
    broken = StudyFolder.create(tmp_path / "broken", mlp.manifest)
    pieces: list[tuple[Point, int, int]] = []
    for stop in (1, 7, 40, 3, 1, 1000):
        engine = Logged(mlp)
        sweep(mlp, broken, GRID, StopAfter(stop), engine)
        pieces += engine.pieces
    for point in points(GRID, mlp.manifest):
        runs = sorted((start, stop) for other, start, stop in pieces if other == point)
        assert [start for start, _ in runs] == [0, *(stop for _, stop in runs[:-1])]
        assert runs[-1][1] == 300
    assert files(tmp_path / "plain") == files(tmp_path / "broken")


def test_a_partial_row_is_the_first_samples_of_the_order(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    sweep(mlp, study, GRID, StopAfter(58))
    first = doubling(300)[0]
    rows = stored(study)
    assert {row["samples"] for row in rows.values()} == {first, 300}  # the pilots are ahead
    assert rows["fc2", "magnitude", 0.9]["samples"] == first
    engine = NaiveEngine(mlp)
    (point,) = points(Grid((Method("magnitude"),), (0.9,), ("fc2",)), mlp.manifest)
    ((_, outcome),) = engine.outcomes(0, first, [point])
    assert isinstance(outcome, Outcome)
    rows_of_order = order(mlp)[:first]
    right = mlp.dense.score[rows_of_order] - outcome.score
    assert rows["fc2", "magnitude", 0.9]["drop_sum"] == right.double().sum().item()
    logits = study.logits.read(point.key(mlp.manifest))
    assert logits is not None
    assert outcome.log_probabilities is not None
    np.testing.assert_allclose(logits, outcome.log_probabilities, rtol=1e-3, atol=1e-4)
    targets = study.logits.targets()
    assert targets is not None
    assert mlp.splits.validation.targets is not None
    np.testing.assert_array_equal(targets, mlp.splits.validation.targets[order(mlp)])


def test_dense_logits_stand_beside_the_pruned_ones(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    sweep(mlp, study, GRID, Silent())
    counts = study.logits.samples()
    dense = next(key for key in counts if key[2] == "")
    assert set(counts.values()) == {300}
    assert len(counts) == 31
    values = study.logits.read(dense)
    assert values is not None
    assert mlp.dense.log_probabilities is not None
    expected = mlp.dense.log_probabilities[order(mlp)]
    np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-4)
    assert study.logits.bytes() < 31 * 300 * 20 * 1.2


def test_adaptive_stops_where_the_width_allows_and_exact_goes_on_from_there(
    mlp: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path / "a", mlp.manifest)
    policy = Policy("adaptive", tolerance=0.05)
    report = sweep(mlp, study, GRID, Silent(), policy=policy)
    rows = list(stored(study).values())
    assert report.missing == 0
    assert 0 < report.partial < 30
    assert report.samples == sum(row["samples"] for row in rows) < 30 * 300
    for row in rows:
        n = row["samples"]
        half = float(drop_half_widths(n, 300, row["drop_sum"], row["drop_squares"]))
        assert half <= max(0.05, 0.1 * abs(row["drop_sum"] / n))
    again = Logged(mlp)
    assert sweep(mlp, study, GRID, Silent(), again, policy).measured == 0
    assert again.pieces == []
    sweep(mlp, study, GRID, Silent())
    plain = StudyFolder.create(tmp_path / "b", mlp.manifest)
    sweep(mlp, plain, GRID, Silent())
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_decide_is_right_and_cheaper_still(mlp: Workbench, tmp_path: Path) -> None:
    limit = 0.1
    truth = {
        (p.subject, p.method.criterion, p.sparsity): row.drop_sum / row.samples
        for p, row in measure(mlp, points(GRID, mlp.manifest))
        if not isinstance(row, CannotPrune)
    }
    spent = {}
    for monotone in (True, False):
        study = StudyFolder.create(tmp_path / str(monotone), mlp.manifest)
        policy = Policy("decide", limit=limit, monotone=monotone)
        report = sweep(mlp, study, GRID, Silent(), policy=policy)
        spent[monotone] = report.samples
        for key, row in stored(study).items():
            n = row["samples"]
            drop = row["drop_sum"] / n
            half = float(drop_half_widths(n, 300, row["drop_sum"], row["drop_squares"]))
            if drop - half > limit:
                assert truth[key] > limit
            elif drop + half <= limit:
                assert truth[key] <= limit
            else:
                assert monotone
    assert spent[True] <= spent[False] < 30 * 300


def test_a_budget_stops_between_points_and_the_rest_follows(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    report = sweep(mlp, study, GRID, Silent(), deadline=time.monotonic())
    assert (report.measured, report.missing, report.begun) == (0, 30, 0)
    report = sweep(mlp, study, GRID, StopAfter(5))
    assert report.missing == 30 - report.measured > 20  # pilots are finished first
    assert report.begun + report.measured == len(study.measured()) > 0
    report = sweep(mlp, study, GRID, Silent(), deadline=time.monotonic() + 1e6)
    assert (report.missing, report.begun) == (0, 0)


def test_two_sweeps_in_turn_share_what_they_have(mlp: Workbench, tmp_path: Path) -> None:
    """A sweep takes over between chunks what another one stored meanwhile."""
    study = StudyFolder.create(tmp_path, mlp.manifest)
    inner = Logged(mlp)

    class Nested(Silent):
        begun = False

        def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
            if not self.begun:
                self.begun = True
                sweep(mlp, study, GRID, Silent(), inner)

    outer = Logged(mlp)
    sweep(mlp, study, GRID, Nested(), outer)
    assert len(inner.pieces) == 30 * len(doubling(300))
    assert {stop for _, _, stop in outer.pieces} == {doubling(300)[0]}


def test_a_model_without_class_logits_keeps_none(tmp_path: Path, tiny_bench: Workbench) -> None:
    class Bare(NaiveEngine):
        def outcomes(
            self, start: int, stop: int, points: Sequence[Point]
        ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
            for point, outcome in super().outcomes(start, stop, points):
                assert isinstance(outcome, Outcome)
                yield point, Outcome(outcome.score, outcome.finite)

        def dense(self, recovery: str, start: int, stop: int) -> Outcome:
            outcome = super().dense(recovery, start, stop)
            return Outcome(outcome.score, outcome.finite)

    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    grid = Grid((Method("magnitude"),), (0.5,))
    sweep(tiny_bench, study, grid, Silent(), Bare(tiny_bench))
    assert study.logits.samples() == {}
    assert torch.isnan(torch.tensor(study.measured()["entropy_sum"])).all()
    assert len(curves(study.measured(), study.manifest)) == 3
