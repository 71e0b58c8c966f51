"""Screening: relative errors of layer outputs, checked against real forward passes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, parse_methods
from prunescope.study.point import Point
from prunescope.sweep.screen import screen, screen_missing
from prunescope.sweep.work_list import points


@pytest.fixture
def wanted(tiny_bench: Workbench) -> tuple[Point, ...]:
    grid = Grid(parse_methods("magnitude,l1@channel,random"), (0.25, 0.5, 0.75), (), ("none", "ls"))
    return points(grid, tiny_bench.manifest)


def rows(bench: Workbench, wanted: tuple[Point, ...]) -> dict[Point, float]:
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    found = list(screen(bench, scores, wanted))
    assert len(found) == len(wanted)
    return {point: row.error for point, row in zip(wanted, found, strict=True)}


def test_the_error_is_that_of_the_layers_own_outputs(tiny_bench: Workbench) -> None:
    module, inputs = tiny_bench.network.module, tiny_bench.splits.calibration.inputs
    weight = module.get_parameter("conv.weight").detach()
    scores = Scores(tiny_bench.network, tiny_bench.splits.calibration, tiny_bench.groups)
    layer = next(each for each in tiny_bench.network.prunable() if each.name == "conv")
    keep = scores.mask("magnitude", layer, 0.5)
    whole = functional.conv2d(inputs, weight, padding=1).double()  # type: ignore[arg-type]
    part = functional.conv2d(inputs, weight * keep, padding=1).double()  # type: ignore[arg-type]
    expected = float((whole - part).square().sum() / whole.square().sum())
    found = rows(tiny_bench, (Point("conv", Method("magnitude"), 0.5),))
    assert next(iter(found.values())) == pytest.approx(expected, rel=1e-4)


def test_a_groups_error_is_its_readers(tiny_bench: Workbench) -> None:
    module, inputs = tiny_bench.network.module, tiny_bench.splits.calibration.inputs
    scores = Scores(tiny_bench.network, tiny_bench.splits.calibration, tiny_bench.groups)
    keep = scores.units("l1", "conv", 0.5)
    with torch.no_grad():
        bias = module.get_parameter("conv.bias")
        hidden = functional.conv2d(inputs, module.get_parameter("conv.weight"), bias, padding=1)  # type: ignore[arg-type]
        hidden, mix = hidden.relu(), module.get_parameter("mix.weight")
        whole = functional.conv2d(hidden, mix, stride=2).double()
        part = functional.conv2d(hidden[:, keep], mix[:, keep], stride=2).double()
    expected = float((whole - part).square().sum() / whole.square().sum())
    found = rows(tiny_bench, (Point("conv", Method.parse("l1@channel"), 0.5),))
    assert next(iter(found.values())) == pytest.approx(expected, rel=1e-4)


def test_more_removed_is_more_error_and_least_squares_is_less(
    tiny_bench: Workbench, wanted: tuple[Point, ...]
) -> None:
    found = rows(tiny_bench, wanted)
    assert all(error > 0 for error in found.values())
    for point, error in found.items():
        if point.recovery == "none":
            refitted = Point(point.subject, point.method, point.sparsity, "ls", point.seed)
            assert found[refitted] < error
            more = Point(point.subject, point.method, 0.75, "none", point.seed)
            if point.method.criterion == "magnitude" and point.sparsity == 0.25 and more in found:
                assert error < found[more]


def test_what_is_stored_is_not_screened_again(
    tiny_bench: Workbench, wanted: tuple[Point, ...], tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    few = wanted[: len(wanted) // 2]
    assert screen_missing(tiny_bench, study, few, Silent()) == len(few)
    assert screen_missing(tiny_bench, study, wanted, Silent()) == len(wanted) - len(few)
    assert screen_missing(tiny_bench, study, wanted, Silent()) == 0
    frame = study.screened()
    assert len(frame) == len(wanted)
    assert set(frame["fingerprint"]) == {tiny_bench.manifest.fingerprint}
    assert study.measured().empty


def test_criteria_that_need_labels_wait_to_be_measured(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    grid = Grid(parse_methods("fisher,magnitude"), (0.5,), (), ("none", "bn"))
    wanted = points(grid, tiny_bench.manifest)
    screen_missing(tiny_bench, study, wanted, Silent())
    assert set(study.screened()["criterion"]) == {"magnitude"}
    assert set(study.screened()["recovery"]) == {"none"}


def test_it_tells_sensitive_layers_from_others(sample_bench: Callable[[str], Workbench]) -> None:
    """On a trained model the error goes along with the measured change of the outputs."""
    from prunescope.sweep.naive_sweep import measure

    bench = sample_bench("lenet5")
    wanted = points(Grid(parse_methods("magnitude"), (0.5, 0.9)), bench.manifest)
    found = rows(bench, wanted)
    changed = {p: row.divergence_sum for p, row in measure(bench, wanted)}  # type: ignore[union-attr]
    for layer in bench.network.prunable():
        less, more = (Point(layer.name, Method("magnitude"), value) for value in (0.5, 0.9))
        assert found[less] < found[more]
        assert changed[less] < changed[more]
