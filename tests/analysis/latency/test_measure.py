"""Timing is interleaved, leaves the weights alone, and gives intervals that hold their middle."""

from pathlib import Path

import pytest
import torch
from torch import nn

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import capture
from prunescope.errors import BadValue, Cancelled
from prunescope.export.tensors import saved_tensors, weights_sha256
from prunescope.latency.interleaved_timing import STEPS
from prunescope.latency.latency_report import Ratio, read_latency
from prunescope.latency.measure import time_models, time_plan
from prunescope.latency.table.predict_time import predict_latency, tables
from prunescope.latency.table.rows import stored_rows
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.long import core


class Counting(Silent):
    def __init__(self) -> None:
        self.steps = 0

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.steps += steps


class Stopping(Silent):
    def cancelled(self) -> bool:
        return True


def plan(bench: Workbench) -> Plan:
    choices = {layer.name: Choice("magnitude", 0.9) for layer in bench.network.prunable()}
    return Plan("mine", bench.manifest.fingerprint, choices)


def holds(ratio: Ratio) -> bool:
    return 0 < ratio.low <= ratio.value <= ratio.high


def test_both_runtimes_are_timed_and_stored(tiny_bench: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    before = weights_sha256(saved_tensors(tiny_bench.network.module))
    threads = torch.get_num_threads()
    counting = Counting()
    found = time_plan(tiny_bench, study, plan(tiny_bench), 3, 1, 0.5, counting)
    assert [each.runtime for each in found.runtimes] == ["PyTorch", "ONNX Runtime"]
    for each in found.runtimes:
        assert each.problem is None
        assert each.pairs >= 30
        assert holds(each.ratio)
        assert holds(each.control)
        assert 0 < each.dense.low <= each.dense.median <= each.dense.high
        assert 0 < each.pruned.low <= each.pruned.median <= each.pruned.high
        assert 0 <= each.taken < 1
    assert (found.batch, found.threads, found.dtype) == (3, 1, "float32")
    assert read_latency(tmp_path, plan(tiny_bench).digest) == found
    assert weights_sha256(saved_tensors(tiny_bench.network.module)) == before
    assert torch.get_num_threads() == threads
    assert counting.steps == 2 * STEPS
    assert stored_rows(tmp_path).read().empty  # zeros are no smaller model
    assert found.memory is not None
    assert found.memory.dense_predicted == found.memory.pruned_predicted
    assert found.memory.dense_weights == found.memory.pruned_weights == tiny_bench.manifest.bytes
    assert found.memory.dense_measured > 0


def test_removed_units_teach_the_table_and_are_measured_not_predicted(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    halves = {name: Choice("l1", 0.5, "channel") for name in ("conv", "mix")}
    smaller = Plan("half", tiny_bench.manifest.fingerprint, halves)
    found = time_plan(tiny_bench, study, smaller, 2, 1, 0.3)
    known = tables(tmp_path, tiny_bench.manifest)
    assert [table.setting.runtime for table in known] == ["PyTorch", "ONNX Runtime"]
    for table, timed in zip(known, found.runtimes, strict=True):
        said = predict_latency(tiny_bench.manifest, table, {"conv": 2, "mix": 3})
        assert said.measured
        assert said.ratio == pytest.approx(1 / timed.ratio.value)
    assert found.memory is not None
    assert found.memory.pruned_weights < found.memory.dense_weights
    assert found.memory.pruned_predicted < found.memory.dense_predicted
    assert "Memory: weights" in found.memory_line
    assert read_latency(tmp_path, smaller.digest) == found


def test_models_of_different_shapes_can_race_without_a_graph() -> None:
    native, onnx = time_models(
        nn.Linear(8, 8), nn.Linear(8, 4), torch.zeros(2, 8), 1, 0.1, Silent(), "it branches."
    )
    assert native.pairs >= 30
    assert onnx.problem is not None
    assert "it branches" in onnx.problem


@pytest.mark.parametrize("dtype", core([torch.bfloat16, torch.float64], {"torch.float64"}))
def test_a_type_that_onnx_runtime_cannot_run_leaves_pytorchs_times(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU()).to(dtype)
    captured = capture(model, torch.zeros(2, 1, 5, 5, dtype=dtype))
    native, onnx = time_models(
        captured.module, captured.module, captured.example, 1, 0.1, Silent()
    )  # fmt: skip
    assert native.problem is None
    assert native.pairs >= 30
    assert onnx.problem is not None
    assert onnx.problem.startswith("ONNX Runtime cannot run this model: ")
    assert "\n" not in onnx.problem
    assert ".onnx" not in onnx.problem


def test_nonsense_is_refused_and_a_stop_stores_nothing(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    with pytest.raises(BadValue, match="batch"):
        time_plan(tiny_bench, study, plan(tiny_bench), batch=0)
    with pytest.raises(BadValue, match="threads"):
        time_plan(tiny_bench, study, plan(tiny_bench), threads=-1)
    with pytest.raises(Cancelled):
        time_plan(tiny_bench, study, plan(tiny_bench), budget_seconds=0.1, progress=Stopping())
    assert read_latency(tmp_path, plan(tiny_bench).digest) is None
