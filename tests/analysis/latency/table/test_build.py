"""A table is built from really smaller models, goes on where it stopped, and changes no weight."""

from pathlib import Path

import numpy as np
import pytest
import torch

from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.graph import Captured, take
from prunescope.errors import BadValue, Cancelled
from prunescope.export import onnx_sessions
from prunescope.export.formats import pt2
from prunescope.export.tensors import saved_tensors, weights_sha256
from prunescope.export.write_onnx import write_onnx
from prunescope.latency.peak_memory import measured_peak
from prunescope.latency.runtimes.onnx import OnnxCompiler
from prunescope.latency.runtimes.registry import runtime
from prunescope.latency.table.build import FEWEST, time_table
from prunescope.latency.table.predict_time import tables
from prunescope.latency.table.resize_onnx import Resizer, agrees
from prunescope.latency.table.rows import stored_rows, units_of
from prunescope.latency.table.smaller_models import Maker
from prunescope.progress import Silent
from prunescope.removal import remove
from prunescope.study import Reference


class Stopping(Silent):
    def cancelled(self) -> bool:
        return True


def test_both_runtimes_fill_a_table_that_goes_on(tiny_bench: Workbench, tmp_path: Path) -> None:
    before = weights_sha256(saved_tensors(tiny_bench.network.module))
    table = stored_rows(tmp_path)
    built = time_table(tiny_bench, table, batch=2, budget_seconds=0.5)
    assert set(built.rows) == {"PyTorch", "ONNX Runtime"}
    assert built.problems == ()
    assert weights_sha256(saved_tensors(tiny_bench.network.module)) == before
    first = table.read()
    assert len(first) == sum(built.rows.values())
    for title, rows in first.groupby("runtime"):
        assert "{}" in set(rows["units"]), title
        assert (rows["low"] <= rows["ratio"]).all()
        assert (rows["ratio"] <= rows["high"]).all()
        assert (rows["samples"] >= FEWEST).all()
    groups = {group.name: group.units for group in tiny_bench.groups}
    for text in first["units"]:
        assert all(0 < count < groups[name] for name, count in units_of(text).items())
    time_table(tiny_bench, table, batch=2, budget_seconds=0.5)
    second = table.read()
    assert len(second) >= len(first)
    assert not second.duplicated(["runtime", "units"]).any()
    assert {t.setting.runtime for t in tables(tmp_path, tiny_bench.manifest)} == set(built.rows)


DOUBLE = """
import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.Flatten(), nn.Linear(16, 3)
    ).double()


def splits():
    return {
        name: (torch.ones(8, 1, 6, 6).double(), torch.arange(8) % 3)
        for name in ("calibration", "validation", "test")
    }
"""


def test_what_onnx_runtime_cannot_run_is_timed_in_pytorch(tmp_path: Path) -> None:
    path = tmp_path / "double.py"
    path.write_text(DOUBLE)
    table = stored_rows(tmp_path)
    built = time_table(
        prepare(Reference(f"{path}:build", f"{path}:splits")), table, budget_seconds=0.3
    )
    assert built.rows["PyTorch"] == len(table.read()) > 0
    (problem,) = built.problems
    assert problem.startswith("ONNX Runtime: not timed. ONNX Runtime cannot run this model: ")


def test_nonsense_is_refused_and_a_stop_stores_nothing(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    table = stored_rows(tmp_path)
    for wrong in ({"batch": 0}, {"threads": 0}, {"budget_seconds": 0.0}):
        with pytest.raises(BadValue, match="from 1 to|above 0"):
            time_table(tiny_bench, table, **wrong)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        time_table(tiny_bench, table, budget_seconds=0.2, progress=Stopping())
    assert table.read().empty


@pytest.mark.parametrize("name", ["tiny", "lenet5"])
def test_a_resized_file_computes_the_smaller_network(
    name: str, tiny_bench: Workbench, lenet5: Workbench, tmp_path: Path
) -> None:
    bench = {"tiny": tiny_bench, "lenet5": lenet5}[name]
    captured = bench.network.captured
    assert captured is not None
    path = tmp_path / "dense.onnx"
    write_onnx(pt2.exported(captured), path)
    inputs = take(bench.splits.validation.inputs, slice(0, 3))
    assert isinstance(inputs, torch.Tensor)
    resizer = Resizer(captured, path, 3)
    masks = {g.name: np.arange(g.units) % 2 == 0 for g in bench.groups}
    for removal in ({n: masks[n]} for n in masks):
        smaller = tmp_path / "smaller.onnx"
        smaller.write_bytes(resizer.smaller(removal))
        session = onnx_sessions.session(smaller, 1)
        outputs = session.run(None, onnx_sessions.feed(session, (inputs.numpy(),), {}))
        with torch.inference_mode():
            wanted = remove(captured, removal).module(inputs)
            dense = captured.module(inputs)
        assert agrees(outputs, [wanted])
        assert not agrees(outputs, [dense])
        assert not agrees(outputs, [wanted[:, :-1]])


def test_a_file_that_computes_something_else_is_exported_instead(tiny_bench: Workbench) -> None:
    captured = tiny_bench.network.captured
    assert captured is not None
    maker = Maker(captured, tiny_bench, 2, 1)
    onnx_runtime = runtime("onnx")
    compiler = maker.compiler(onnx_runtime)
    assert isinstance(compiler, OnnxCompiler)
    maker.call(onnx_runtime, {})
    assert compiler.exports == 1
    maker.call(onnx_runtime, {"conv": 2})
    assert compiler.exports == 1
    assert not compiler.slow

    class Wrong(Resizer):
        def smaller(self, removal: object) -> bytes:
            return b"no model"

    assert compiler.resizer is not None
    compiler.resizer.__class__ = Wrong
    call = maker.call(onnx_runtime, {"conv": 2})
    assert compiler.exports == 2
    assert compiler.slow
    assert call() is not None


def test_the_measured_peak_falls_with_the_units(lenet5: Workbench) -> None:
    captured = lenet5.network.captured
    assert captured is not None
    inputs = take(lenet5.splits.validation.inputs, slice(0, 4))
    dense = measured_peak(captured.module, inputs)
    smaller = remove(captured, {"conv1": np.arange(20) < 5})
    assert isinstance(smaller, Captured)
    after = measured_peak(smaller.module, inputs)
    assert 4 * 28 * 28 * 4 < after < dense
