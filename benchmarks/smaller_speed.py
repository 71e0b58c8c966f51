"""Really smaller is really faster: half of all channels removed, exported, and timed.

The dense and the smaller network run in turns, in PyTorch and from the exported ONNX files in ONNX
Runtime, one thread. The ratio is dense over smaller (above 1: the smaller one is faster), the
median of paired rounds with its 95 % bootstrap interval; the control is a second copy of the dense
network in the same rounds. Both networks are read back from ``.pt2`` files as ``export`` writes.
"""

import os
import tempfile
from pathlib import Path

import torch
from torch import nn

from prunescope.bench.pruned import select
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, take
from prunescope.criteria.scores import Scores
from prunescope.export.formats import pt2
from prunescope.latency.latency_report import Ratio, RuntimeLatency
from prunescope.latency.machine import processor
from prunescope.latency.measure import time_models
from prunescope.planning.edits import in_multiples, set_sparsity
from prunescope.progress import Silent
from prunescope.removal import remove
from prunescope.study import Method, Reference
from prunescope.study.plan import Plan

MODELS = ("mobilenet", "resnet20")
MULTIPLES = (1, 8)
BATCHES = (1, 32)
BUDGET = 20.0
"""Seconds per model, multiple and batch, both runtimes together."""
_METHOD = Method("l1", "channel")


def main() -> None:
    """Print one row per model, multiple of channels kept, batch and runtime."""
    torch.set_num_threads(1)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{processor()}, 1 of {os.cpu_count()} threads, load {load:.1f}")
    print("model", "kept in multiples of", "parameters left", "MACs left", "batch", "runtime",
          "dense ms", "smaller ms", "ratio", "control", "rounds", sep=" | ")  # fmt: skip
    for model in MODELS:
        bench = prepare(Reference(f"sample:{model}", "sample:fashion-mnist"))
        for multiple in MULTIPLES:
            _rows(bench, model, multiple)


def _rows(bench: Workbench, model: str, multiple: int) -> None:
    smaller = _halved(bench, multiple)
    now = cost(smaller)
    left = (now.parameters / bench.manifest.parameters, now.macs / bench.manifest.macs)
    with tempfile.TemporaryDirectory(prefix="prunescope-speed-") as folder:
        dense, other = (
            _reloaded(captured, Path(folder) / "network.pt2")
            for captured in (_captured(bench), smaller)
        )
        for batch in BATCHES:
            inputs = take(bench.splits.validation.inputs, torch.arange(batch))
            for runtime in time_models(dense, other, inputs, 1, BUDGET, Silent()):
                print(model, multiple, *(f"{100 * part:.1f} %" for part in left), batch,
                      *_cells(runtime), sep=" | ", flush=True)  # fmt: skip


def _captured(bench: Workbench) -> Captured:
    if bench.network.captured is None:
        raise SystemExit(f"This model has no graph: {bench.network.problem}")
    return bench.network.captured


def _reloaded(captured: Captured, path: Path) -> nn.Module:
    pt2.write(pt2.exported(captured), path)
    return pt2.load(path)


def _halved(bench: Workbench, multiple: int) -> Captured:
    """The network without half of the channels of every group that can lose them."""
    names = [group.name for group in bench.manifest.removable("channel")]
    plan = set_sparsity(Plan("half", bench.manifest.fingerprint), names, 0.5, _METHOD)
    plan, _ = in_multiples(plan, names, multiple, bench.manifest)
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    return remove(_captured(bench), select(plan, scores).units)


def _cells(runtime: RuntimeLatency) -> tuple[str, ...]:
    name = f"{runtime.runtime} {runtime.version}"
    if runtime.problem is not None:
        return name, "–", "–", runtime.problem, "–", "0"
    times = (f"{1e3 * timing.low:.3g}" for timing in (runtime.dense, runtime.pruned))
    return name, *times, _ratio(runtime.ratio), _ratio(runtime.control), str(runtime.pairs)


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


if __name__ == "__main__":
    main()
