"""Recoveries, fine-tuning and coarser files of one removal are points of one front."""

from pathlib import Path

import pytest

from prunescope.charts.deliveries import deliveries_figure
from prunescope.export.delivered import best_of, delivered, exported_files
from prunescope.export.export_plan import export_plan
from prunescope.progress import Silent
from prunescope.recovery.training.finetune import FineTuning, finetune
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.verify_plan import verify_plan
from tests.analysis.export.exported import opened


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyFolder, Plan]:
    """A study with a plan as pruned, refitted, fine-tuned, and exported in int8."""
    bench, study = opened(tmp_path_factory.mktemp("front"), "normed", "images")
    group = next(group.name for group in bench.groups if group.reason is None)
    plan = Plan("half", bench.manifest.fingerprint, {group: Choice("l1", 0.5, "channel")})
    other = Plan("other", bench.manifest.fingerprint, {group: Choice("l1", 0.25, "channel")})
    for each in (plan, plan.with_recovery("ls"), other):
        study.save_plan(each)
        verify_plan(bench, study, each)
    finetune(bench, study, plan, FineTuning(epochs=1, rate=1e-3, batch=16), Silent())
    export_plan(bench, study, plan, ("onnx", "onnx-int8"), most_lost=1.0)
    return study, plan


def test_every_variant_is_a_point_once(known: tuple[StudyFolder, Plan]) -> None:
    study, plan = known
    points = delivered(study, plan, lambda _: 99)
    assert [(point.label, point.exported) for point in points] == [
        ("raw", True), ("raw + int8", True), ("fine-tuned", False), ("ls", False),
    ]  # fmt: skip
    assert all(point.low is not None and point.low <= point.score for point in points)
    assert [point.seconds is not None for point in points] == [True, True, False, False]
    assert {point.bytes for point in points if not point.exported} == {99}
    raw, coarse = points[:2]
    folder = study.folder / "exports" / plan.digest
    assert coarse.bytes == (folder / "model.int8.onnx").stat().st_size
    assert raw.bytes == (folder / "model.onnx").stat().st_size
    # Asked from the refitted plan, the same points come.
    again = delivered(study, plan.with_recovery("ls"), lambda _: 99)
    assert {(p.label, p.score) for p in again} == {(p.label, p.score) for p in points}


def test_the_front_is_what_nothing_beats(known: tuple[StudyFolder, Plan]) -> None:
    study, plan = known
    points = delivered(study, plan, lambda _: 99)
    front = best_of(points)
    for point in points:
        beaten = any(o.bytes <= point.bytes and o.score > point.score for o in points)
        assert (point in front) <= (not beaten), point
    assert {point.seconds for point in best_of(points, by_time=True)} <= {
        point.seconds for point in points if point.seconds is not None
    }
    figure = deliveries_figure(points, dark=False)
    assert [trace.name for trace in figure.data] == [
        "front", "raw", "raw + int8", "fine-tuned", "ls"
    ]  # fmt: skip
    assert list(figure.data[2].marker.symbol) == ["square"]
    assert list(figure.data[4].marker.symbol) == ["circle-open"]
    timed = deliveries_figure(points, dark=True, by_time=True)
    assert [trace.name for trace in timed.data] == ["front", "raw", "raw + int8"]


def test_nothing_measured_is_no_point(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    assert delivered(study, Plan("none", bench.manifest.fingerprint), lambda _: 99) == ()


def test_files_of_all_saved_plans_are_points_of_one_front(known: tuple[StudyFolder, Plan]) -> None:
    study, plan = known
    points = exported_files(study)
    assert [(point.plan, point.numbers) for point in points] == [
        ("half", "pruned"), ("half", "pruned + int8"),
    ]  # fmt: skip
    figure = deliveries_figure(points, dark=False, chosen=plan.name)
    marks = {trace.name: trace for trace in figure.data if trace.name != "front"}
    assert set(marks) == {"pruned", "pruned + int8"}
    assert all(list(trace.marker.size) == [15] for trace in marks.values())
    assert all(trace.customdata[0][1] == "half" for trace in marks.values())
    assert "half, raw" in marks["pruned"].customdata[0][0]
    elsewhere = deliveries_figure(points, dark=False, chosen="other")
    assert {tuple(t.marker.size) for t in elsewhere.data if t.name != "front"} == {(10,)}
