"""The sweep's laws: exact, restoring, in any order, only what is missing, safe at any moment."""

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.errors import BadValue, ForeignStudy, StorageFailure, UnknownName
from prunescope.progress import Silent
from prunescope.replay import FrontierEngine, chunk_outcomes
from prunescope.store.folder import StudyFolder
from prunescope.study import Method
from prunescope.sweep import shared_rows
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import missing_points, points
from tests.analysis.store.rows import files
from tests.analysis.sweep.asked import METHODS, grid

pytestmark = pytest.mark.quick

HALF = """
import sys
from pathlib import Path
from prunescope.bench.workbench import prepare
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.sweep.runner import sweep
from tests.analysis.sweep.asked import METHODS, grid

model, data, folder, *sparsities = sys.argv[1:]
bench = prepare(Reference(model, data))
study = StudyFolder.create(Path(folder), bench.manifest)
sweep(bench, study, grid(tuple(map(float, sparsities)), METHODS[:2]), Silent())
"""


class Counting(Silent):
    def __init__(self, stop_after=None):
        self.total, self.done, self.stop_after = None, 0, stop_after

    def start(self, total, message):
        self.total = total

    def advance(self, steps=1, message="", **values):
        self.done += steps

    def cancelled(self):
        return self.stop_after is not None and self.done >= self.stop_after


def test_a_resumed_sweep_measures_only_what_is_missing(tiny_bench, tmp_path, monkeypatch):
    calls = []
    plain = FrontierEngine.outcomes

    def counted(self, start, stop, points):
        calls.extend(points)
        return plain(self, start, stop, points)

    monkeypatch.setattr(FrontierEngine, "outcomes", counted)
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    first = sweep(tiny_bench, study, grid((0.3,)), Silent())
    assert (first.wanted, first.measured, len(calls)) == (3, 3, 3)
    again = sweep(tiny_bench, study, grid((0.3,)), Silent())
    assert (again.wanted, again.measured, len(calls)) == (3, 0, 3)
    more = sweep(tiny_bench, study, grid((0.3, 0.1 * 3, 0.6)), Silent())
    assert (more.wanted, more.measured, len(calls)) == (6, 3, 6)


def test_a_sweep_that_is_stopped_and_resumed_ends_with_the_same_files(tiny_bench, tmp_path):
    asked = grid((0.2, 0.4, 0.6), METHODS[:2])
    plain = StudyFolder.create(tmp_path / "plain", tiny_bench.manifest)
    sweep(tiny_bench, plain, asked, Silent())
    broken = StudyFolder.create(tmp_path / "broken", tiny_bench.manifest)
    progress = Counting(stop_after=5 * 60)
    report = sweep(tiny_bench, broken, asked, progress)
    assert (report.wanted, report.measured, report.missing) == (18, 5, 13)
    assert progress.total == 18 * 60
    assert len(broken.measured()) == 5
    progress = Counting()
    assert sweep(tiny_bench, broken, asked, progress).measured == 13
    assert progress.total == progress.done == 13 * 60
    assert files(tmp_path / "plain") == files(tmp_path / "broken")


def test_the_same_sweep_twice_gives_identical_files(tiny_bench, tmp_path):
    asked = grid((0.5, 0.9), METHODS)
    for name in ("a", "b"):
        sweep(tiny_bench, StudyFolder.create(tmp_path / name, tiny_bench.manifest), asked, Silent())
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(files(tmp_path / "a")) == 4  # manifest, rows, logits, targets


def test_an_error_in_the_middle_keeps_what_was_finished(tiny_bench, tmp_path, monkeypatch):
    """A crash loses everything: AIMET, Distiller."""
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    plain, calls = chunk_outcomes.outcome_later, []

    def fail(*args):
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("fifth")
        return plain(*args)

    with monkeypatch.context() as patch:
        patch.setattr(chunk_outcomes, "outcome_later", fail)
        with pytest.raises(RuntimeError, match="fifth"):
            sweep(tiny_bench, study, grid((0.3, 0.6)), Silent())
    assert len(study.measured()) == 4
    assert sweep(tiny_bench, study, grid((0.3, 0.6)), Silent()).measured == 2


def test_a_full_disk_keeps_what_was_finished(tiny_bench, tmp_path, monkeypatch):
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    writes = itertools.count()

    def full(descriptor):
        if next(writes) == 6:  # the targets, then logits and row of each point
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        patch.setattr(shared_rows, "_OFTEN", 0.0)
        patch.setattr(shared_rows, "_SHARE", 0.0)
        with pytest.raises(StorageFailure, match=r"the disk is full\. Free some space and run"):
            sweep(tiny_bench, study, grid((0.3, 0.6)), Silent())
    assert len(study.measured()) == 2
    assert sweep(tiny_bench, study, grid((0.3, 0.6)), Silent()).measured == 4


def test_a_damaged_file_is_set_aside_and_measured_again(tiny_bench, tmp_path):
    asked = grid((0.3, 0.6))
    study = StudyFolder.create(tmp_path / "s", tiny_bench.manifest)
    sweep(tiny_bench, study, asked, Silent())
    before = files(tmp_path / "s" / "measurements")
    (path,) = (tmp_path / "s" / "measurements").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:200])
    report = sweep(tiny_bench, study, asked, Silent())
    assert report.measured == 6
    assert report.damaged == (path.name + ".damaged",)
    after = files(tmp_path / "s" / "measurements")
    assert {name: after[name] for name in before} == before


def test_a_study_of_something_else_is_refused_before_measuring(tiny_bench, tmp_path):
    other = replace(
        tiny_bench.manifest, fingerprint="x", parts=tiny_bench.manifest.parts | {"weights": "x"}
    )
    study = StudyFolder.create(tmp_path, other)
    with pytest.raises(ForeignStudy, match="but its weights differ"):
        sweep(tiny_bench, study, grid(), Silent())
    assert not (tmp_path / "measurements").exists()


def test_rows_of_other_weights_are_not_taken_for_measured(tiny_bench, tmp_path):
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    (point, row), *_ = measure(tiny_bench, points(grid((0.3,)), tiny_bench.manifest))
    study.measurements.append([replace(row, fingerprint="other"), replace(row, version=0)])
    todo = missing_points((point,), study.measured(), study.manifest)
    assert todo == [point]


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        (grid(subjects=("cnov",)), UnknownName, r"layer .* 'cnov'\. Closest: conv\."),
        (grid(methods=(Method("magnitud"),)), UnknownName, "method .* Closest: magnitude"),
        (grid(methods=(Method("magnitude", "channel"),)), ValueError, "magnitude@channel"),
        (grid(recoveries=("bm",)), UnknownName, "recovery .* Closest: bn"),
    ],
)
def test_unknown_names_stop_a_sweep_before_it_measures(tiny_bench, tmp_path, asked, kind, message):
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    with pytest.raises(kind, match=message):
        sweep(tiny_bench, study, asked, Silent())
    assert len(study.measured()) == 0


def test_a_skipped_layer_says_why(tiny_bench):
    layers = tuple(
        replace(layer, prunable=False, reason="it is a table") if layer.name == "mix" else layer
        for layer in tiny_bench.manifest.layers
    )
    changed = replace(tiny_bench.manifest, layers=layers)
    with pytest.raises(BadValue, match="can be pruned, but mix cannot: it is a table"):
        points(grid(subjects=("mix",)), changed)
    assert {point.subject for point in points(grid(), changed)} == {"conv", "head"}


def test_points_stand_in_forward_order_once(tiny_bench):
    wanted = points(
        grid((0.6, 0.3, 0.3), METHODS[:2], subjects=("head", "conv")), tiny_bench.manifest
    )
    assert [p.subject for p in wanted[::4]] == ["conv", "head"]
    assert len(wanted) == len(set(wanted)) == 8


def test_two_sweeps_at_once_on_one_study_are_safe(tiny_bench, tmp_path, warm_python):
    """Parallel results saved only at the end: Vitis."""
    reference = tiny_bench.manifest.reference
    command = [warm_python, "-c", HALF, reference.model, reference.data, tmp_path / "s"]
    workers = [
        subprocess.Popen([*map(str, command), *half], cwd=Path(__file__).parents[3])
        for half in (("0.1", "0.3", "0.5"), ("0.3", "0.5", "0.7"))
    ]
    for worker in workers:
        assert worker.wait(120) == 0
    study = StudyFolder.open(tmp_path / "s")
    assert len(study.measured()) == 4 * 2 * 3
    assert study.measurements.damaged() == []
    plain = StudyFolder.create(tmp_path / "plain", tiny_bench.manifest)
    sweep(tiny_bench, plain, grid((0.1, 0.3, 0.5, 0.7), METHODS[:2]), Silent())
    study.measurements.compact()
    assert files(tmp_path / "s") == files(tmp_path / "plain")


def test_a_pruned_model_that_gives_nan_is_counted_not_hidden(write, tmp_path):
    from prunescope.bench.workbench import prepare
    from prunescope.study import Reference
    from tests.conftest import TINY

    text = TINY.replace(
        "return self.head(self.mix(x).relu().flatten(1))",
        "x = self.head(self.mix(x).relu().flatten(1))\n        return x / self.head.weight.norm()",
    )
    path = write("nan.py", text)
    bench = prepare(Reference(f"{path}:build", f"{path}:splits"))
    study = StudyFolder.create(tmp_path / "s", bench.manifest)
    sweep(bench, study, grid((0.5, 1.0), subjects=("head",)), Silent())
    frame = study.measured().set_index("sparsity")
    assert frame["nonfinite"].tolist() == [0, 60]
    assert frame["score_sum"][1.0] == 0
    assert frame["drop_sum"][1.0] == pytest.approx(60 * bench.manifest.baseline.score)


def test_a_model_without_a_graph_sweeps_by_plain_forwards(write, tmp_path):
    from prunescope.bench.workbench import prepare
    from prunescope.study import Reference
    from tests.conftest import TINY

    text = TINY.replace(
        "        x = self.conv(x).relu()\n",
        "        x = self.conv(x).relu()\n        if x.sum() < 0:\n            return x\n",
    )
    with_graph, without = write("a.py", TINY), write("b.py", text)
    rows = []
    for path in (with_graph, without):
        bench = prepare(Reference(f"{path}:build", f"{path}:splits"))
        wanted = points(grid((0.4,), METHODS), bench.manifest)
        rows.append([row for _, row in measure(bench, wanted)])
    assert "torch.export can capture" in bench.manifest.capture_problem
    assert len(rows[0]) == 15
    for one, other in zip(*rows, strict=True):
        assert one.removed == other.removed
        assert one.score_sum == other.score_sum
        assert one.divergence_sum == pytest.approx(other.divergence_sum, rel=1e-4, abs=1e-6)
