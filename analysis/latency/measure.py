"""Time the dense and the pruned model against each other, in PyTorch and in ONNX Runtime."""

import copy
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import fx, nn

from prunescope.bench.pruned import selected
from prunescope.bench.workbench import Workbench
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, Inputs, batch_size, call_arguments, take
from prunescope.errors import BadValue, CannotCapture
from prunescope.export.applied_plan import selection_of
from prunescope.export.formats import onnx, pt2
from prunescope.export.replay_recipe import computing_threads
from prunescope.latency.latency_report import (
    LatencyReport,
    PlanMemory,
    RuntimeLatency,
    write_latency,
)
from prunescope.latency.machine import machine, processor
from prunescope.latency.peak_memory import measured_peak
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.race import STEPS, race
from prunescope.latency.runtimes.onnx import Call, onnx_call
from prunescope.latency.table.rows import LatencyRow, graph_digest, stored_rows, units_text
from prunescope.progress import Progress, Silent
from prunescope.store.folder import Study
from prunescope.study import Manifest
from prunescope.study.plan import Plan


def time_plan(
    bench: Workbench,
    study: Study,
    plan: Plan,
    batch: int = 1,
    threads: int = 1,
    budget_seconds: float = 30.0,
    progress: Progress | None = None,
) -> LatencyReport:
    """Return how long the dense and ``plan``'s model take on this machine, and store it.

    Recovery and fine-tuning change values, not time, so they are left out.

    Args:
        bench: The study's model and data; dense again afterwards.
        study: Where the report is stored.
        plan: What to prune: weights are zeroed, units are really removed.
        batch: Samples per forward pass, 1 or more.
        threads: That a runtime may use, 1 or more.
        budget_seconds: Time to spend, shared by the runtimes; see ``race``.
        progress: Told how far the rounds are.

    Raises:
        BadValue: Batch, threads or budget are not above 0.
        ForeignStudy: Plan, study and bench are not about the same.
        Cancelled: Somebody asked to stop; nothing is stored.
    """
    _positive("batch", batch)
    _positive("threads", threads)
    _positive("budget in seconds", budget_seconds)
    study.require(bench.manifest)
    plan.require(study.manifest)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    module = bench.network.module
    selection = selection_of(bench, plan)
    macs = bench.manifest.macs
    with selected(bench.network, selection) as left:
        other = copy.deepcopy(left)
        if selection.units and bench.network.captured and isinstance(left, fx.GraphModule):
            macs = cost(Captured(left, bench.network.captured.example)).macs
    rows = torch.arange(batch) % len(bench.splits.validation)
    inputs = take(bench.splits.validation.inputs, rows)
    runtimes = time_models(
        module, other, inputs, threads, budget_seconds, progress or Silent(),
        bench.network.problem,
    )  # fmt: skip
    removed = {name: int((~keep).sum()) for name, keep in selection.units.items()}
    report = LatencyReport(
        digest=plan.digest,
        plan=plan.name,
        fingerprint=plan.fingerprint,
        batch=batch,
        threads=threads,
        dtype=str(next(module.parameters()).dtype).removeprefix("torch."),
        processor=processor(),
        cores=os.cpu_count() or 1,
        load=load,
        dense_macs=bench.manifest.macs,
        pruned_macs=macs,
        runtimes=runtimes,
        memory=_memory(bench, module, other, inputs, removed),
    )
    write_latency(study.folder, report)
    if removed:
        stored_rows(study.folder).append(_rows(report, bench.manifest, removed))
    return report


def time_models(
    dense: nn.Module,
    other: nn.Module,
    inputs: Inputs,
    threads: int,
    budget: float,
    progress: Progress,
    problem: str | None = None,
) -> tuple[RuntimeLatency, ...]:
    """Return the latency of ``dense`` and ``other`` on ``inputs``, interleaved, per runtime.

    The models may have different shapes: masked, or really smaller. A second copy of the dense
    model runs in every round as a control.

    Args:
        dense: A captured graph, or a module (then PyTorch alone is timed).
        other: Likewise.
        inputs: One batch, as it is passed to both.
        threads: That a runtime may use.
        budget: Seconds, half for each runtime; exporting to ONNX comes on top.
        progress: Told 200 steps.
        problem: Why there is no graph, for the runtime that needs one.
    """
    progress.start(2 * STEPS, "timing")
    models = [copy.deepcopy(dense), copy.deepcopy(other), copy.deepcopy(dense)]
    with computing_threads(threads), torch.inference_mode():
        native = _raced(
            "PyTorch", torch.__version__, _torch_calls(models, inputs), budget / 2, progress
        )
    version = str(_onnxruntime_version())
    try:
        with tempfile.TemporaryDirectory(prefix="prunescope-latency-") as folder:
            calls = _onnx_calls(dense, other, inputs, threads, Path(folder), problem)
            onnx = _raced("ONNX Runtime", version, calls, budget / 2, progress)
    except CannotCapture as error:
        progress.advance(STEPS, "not timed")
        onnx = RuntimeLatency("ONNX Runtime", version, problem=str(error))
    return native, onnx


def _memory(
    bench: Workbench, dense: nn.Module, other: nn.Module, inputs: Inputs, removed: dict[str, int]
) -> PlanMemory | None:
    if bench.manifest.graph is None:
        return None
    batch = batch_size(inputs)
    before = peak_memory(bench.manifest, {}, batch)
    after = peak_memory(bench.manifest, removed, batch)
    return PlanMemory(
        before.weights, after.weights, before.activations, after.activations,
        measured_peak(dense, inputs), measured_peak(other, inputs),
    )  # fmt: skip


def _rows(report: LatencyReport, manifest: Manifest, removed: dict[str, int]) -> list[LatencyRow]:
    """What the plan's timing teaches the study's latency table."""
    return [
        LatencyRow(
            graph=graph_digest(manifest), machine=machine(), runtime=each.runtime,
            version=each.version, dtype=report.dtype, batch=report.batch, threads=report.threads,
            units=units_text(removed), kind="plan", dense_seconds=each.dense.median,
            ratio=1 / each.ratio.value, low=1 / each.ratio.high, high=1 / each.ratio.low,
            samples=each.pairs,
        )
        for each in report.runtimes
        if each.problem is None
    ]  # fmt: skip


def _raced(
    runtime: str,
    version: str,
    calls: Sequence[Call],
    budget: float,
    progress: Progress,
) -> RuntimeLatency:
    found = race(calls, budget, progress)
    return RuntimeLatency(
        runtime,
        version,
        dense=found.timing(0),
        pruned=found.timing(1),
        ratio=found.ratio(0, 1),
        control=found.ratio(0, 2),
        pairs=len(found.seconds),
        calls=found.calls,
    )


def _torch_calls(models: Sequence[nn.Module], inputs: Inputs) -> list[Call]:
    args, kwargs = call_arguments(inputs)

    def bound(model: nn.Module) -> Call:
        return lambda: model(*args, **kwargs)

    return [bound(model) for model in models]


def _onnx_calls(
    dense: nn.Module,
    other: nn.Module,
    inputs: Inputs,
    threads: int,
    folder: Path,
    problem: str | None,
) -> list[Call]:
    if not isinstance(dense, fx.GraphModule) or not isinstance(other, fx.GraphModule):
        raise CannotCapture(f"ONNX is made from the model's graph, and there is none: {problem}")
    example = take(inputs, torch.arange(2) % batch_size(inputs))
    paths = []
    for name, module in (("dense", dense), ("other", other)):
        paths.append(folder / f"{name}.onnx")
        onnx.write(pt2.exported(Captured(module, example)), paths[-1])
    contenders = (paths[0], paths[1], paths[0])
    return [onnx_call(path, inputs, threads) for path in contenders]


def _onnxruntime_version() -> str:
    import onnxruntime

    return str(onnxruntime.__version__)


def _positive(name: str, value: float) -> None:
    if value <= 0:
        raise BadValue(f"Expected {name} to be above 0, but got {value!r}. Give a positive number.")
