"""A lower precision: its error is measured and said, and decisions near it are repeated."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunescope.api.measure_grid import run_sweep
from prunescope.bench.precision import computing_in, require_precision, widened
from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue, UnknownName
from prunescope.progress import Silent
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.merge import merge_study
from prunescope.study import Grid, Method
from prunescope.study.point import Point
from prunescope.sweep.precision_error import precision_error
from prunescope.sweep.stopping_policy import Policy
from prunescope.text.computations import computation_sentences

CPU = torch.device("cpu")
GRID = Grid((Method("magnitude"),), (0.3, 0.6, 0.9))


def lower(bench: Workbench) -> Workbench:
    return replace(bench, precision="bf16")


def test_a_block_computes_in_its_precision_and_no_longer() -> None:
    matrix = torch.ones(2, 2)
    with computing_in("bf16", CPU):
        product = matrix @ matrix
    assert product.dtype == torch.bfloat16
    assert widened({"a": product, "b": 3})["a"].dtype == torch.float32
    assert (matrix @ matrix).dtype == torch.float32
    with pytest.raises(BadValue, match="Expected a device with tf32.* but got cpu. Take fp32"):
        require_precision("tf32", CPU)
    with pytest.raises(UnknownName, match="Closest: bf16"):
        require_precision("b16", CPU)


def test_points_of_both_engines_are_rounded_and_the_dense_model_is_not(
    tiny_bench: Workbench,
) -> None:
    point = Point(tiny_bench.network.prunable()[0].name, Method("magnitude"), 0.5)
    answers = {}
    for bench in (tiny_bench, lower(tiny_bench)):
        for engine in (FrontierEngine(bench, lanes=1), NaiveEngine(bench)):
            ((_, outcome),) = engine.outcomes(0, 16, [point])
            answers[bench.precision, type(engine)] = outcome.log_probabilities  # type: ignore[union-attr]
            dense = engine.dense("none", 0, 16)
            assert torch.equal(dense.score, tiny_bench.dense.picked(engine._order[:16]).score)
    exact, rounded = answers["fp32", FrontierEngine], answers["bf16", FrontierEngine]
    assert not torch.equal(exact, rounded)
    assert torch.allclose(exact, rounded, atol=0.1)
    assert torch.allclose(rounded, answers["bf16", NaiveEngine], atol=0.02)


def test_the_error_is_that_of_the_dense_model(tiny_bench: Workbench) -> None:
    error = precision_error(lower(tiny_bench))
    assert error.computed_on == "cpu bf16"
    assert error.samples == len(tiny_bench.splits.validation)
    assert abs(error.difference) <= error.size
    assert 0 < error.divergence < 0.1  # type: ignore[operator]
    assert precision_error(tiny_bench).divergence == 0  # of single precision itself


def test_near_decisions_are_repeated_and_everything_is_said(
    tiny_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    far = replace(precision_error(lower(tiny_bench)), size=1.0)  # every drop is near then
    monkeypatch.setattr("prunescope.api.measure_grid.precision_error", lambda _: far)
    policy = Policy("decide", limit=0.02, monotone=False)
    swept = run_sweep(lower(tiny_bench), study, GRID, Silent(), policy)
    rows = StudyFolder.open(study.folder).measured()
    assert swept.precision is not None
    assert swept.precision.repeated == len(rows) > 0
    assert rows["repeated"].all()
    assert set(rows["computed_on"]) == {"cpu fp32"}

    exact = StudyFolder.create(tmp_path / "exact", tiny_bench.manifest)
    run_sweep(tiny_bench, exact, GRID, Silent(), policy)
    wanted = exact.measured()
    columns = ["samples", "score_sum", "drop_sum"]
    assert rows[columns].equals(wanted[columns])

    rounded = StudyFolder.create(tmp_path / "rounded", tiny_bench.manifest)
    near = replace(far, size=0.0)
    monkeypatch.setattr("prunescope.api.measure_grid.precision_error", lambda _: near)
    run_sweep(lower(tiny_bench), rounded, GRID, Silent(), Policy())
    rows = rounded.measured()
    assert set(rows["computed_on"]) == {"cpu bf16"}
    assert not rows["repeated"].any()
    opened = StudyFolder.open(rounded.folder)
    said = " ".join(computation_sentences(opened.manifest, rows["computed_on"]))
    assert "All points were computed on cpu in bf16." in said
    assert "Against fp32, bf16 on cpu changes the dense model's top-1 by" in said
    assert computation_sentences(exact.manifest, wanted["computed_on"]) == []

    merge_study(opened, StudyFolder.open(study.folder))  # what was repeated there counts here
    merged = opened.measured()
    assert merged["repeated"].all()
    assert set(merged["computed_on"]) == {"cpu fp32"}


def test_samples_of_two_computations_are_marked_with_both(tiny_bench: Workbench) -> None:
    from tests.analysis.store.rows import ROW

    both = ROW.plus(replace(ROW, computed_on="cuda A bf16"))
    assert both.computed_on == "cpu fp32 + cuda A bf16"
    assert both.plus(ROW).computed_on == both.computed_on
