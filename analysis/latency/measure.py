"""Time the dense and the pruned model against each other, in every runtime."""

import copy
import os
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import fx, nn

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.pruned import selected
from prunescope.bench.workbench import Workbench
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, Inputs, batch_size, take
from prunescope.errors import CannotCapture
from prunescope.export.applied_plan import selection_of
from prunescope.latency.interleaved_timing import STEPS, race
from prunescope.latency.latency_report import (
    LatencyReport,
    RuntimeLatency,
    systematic,
    write_latency,
)
from prunescope.latency.machine import machine, processor
from prunescope.latency.peak_memory import measured_peak
from prunescope.latency.plan_memory import PlanMemory, peak_memory
from prunescope.latency.runtimes.registry import usual_runtimes
from prunescope.latency.runtimes.runtime import Call, Runtime, Workload
from prunescope.latency.table.rows import LatencyRow, graph_digest, stored_rows, units_text
from prunescope.progress import Progress, Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest
from prunescope.study.bounds import require_timing
from prunescope.study.plan import Plan


def time_plan(
    bench: Workbench,
    study: StudyFolder,
    plan: Plan,
    batch: int = 1,
    threads: int = 1,
    budget_seconds: float = 30.0,
    progress: Progress | None = None,
    chosen: Sequence[Runtime] = (),
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
        chosen: The runtimes; the usual ones by default.

    Raises:
        BadValue: Batch, threads or budget are out of range.
        ForeignStudy: Plan, study and bench are not about the same.
        Cancelled: Somebody asked to stop; nothing is stored.
    """
    require_timing(batch, threads, budget_seconds)
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
    timed = time_models(
        module, other, inputs, threads, budget_seconds, progress or Silent(),
        bench.network.problem, chosen,
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
        runtimes=timed,
        memory=_memory(bench, module, other, inputs, removed),
    )
    study.require_present()
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
    chosen: Sequence[Runtime] = (),
) -> tuple[RuntimeLatency, ...]:
    """Return the latency of ``dense`` and ``other`` on ``inputs``, interleaved, per runtime.

    The models may have different shapes: masked, or really smaller. A second copy of the dense
    model runs in every round as a control.

    Args:
        dense: A captured graph, or a module (then a runtime that needs a graph is not timed).
        other: Likewise.
        inputs: One batch, as it is passed to both.
        threads: That a runtime may use.
        budget: Seconds, as much for each runtime; compiling comes on top.
        progress: Told 100 steps for each runtime.
        problem: Why there is no graph, for a runtime that needs one.
        chosen: The runtimes; the usual ones by default.
    """
    timed = tuple(chosen) or usual_runtimes()
    progress.start(len(timed) * STEPS, "timing")
    workload = Workload(dense, inputs, threads, problem)
    return tuple(
        _raced(runtime, workload, other, budget / len(timed), progress) for runtime in timed
    )


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
            units=units_text(removed), kind="plan", dense_seconds=each.dense.low,
            ratio=1 / each.ratio.value, low=1 / each.ratio.high, high=1 / each.ratio.low,
            samples=each.pairs, device=each.device,
        )
        for each in report.runtimes
        if each.stated
    ]  # fmt: skip


def _raced(
    runtime: Runtime, workload: Workload, other: nn.Module, budget: float, progress: Progress
) -> RuntimeLatency:
    missing = runtime.unavailable()
    blank = RuntimeLatency(
        runtime.title,
        "" if missing else runtime.version(),
        problem=missing,
        device=runtime.device(workload.dense),
    )
    if missing is None:
        try:
            compiler = runtime.compiler(workload)
            calls = [compiler.compile(each) for each in (workload.dense, other, workload.dense)]
        except CannotCapture as error:
            missing = str(error)
    if missing is not None:
        progress.advance(STEPS, "not timed")
        return replace(blank, problem=missing)
    timed = race_latency(blank, calls, workload.threads, budget, progress)
    return replace(timed, conditions=runtime.conditions())


def race_latency(
    blank: RuntimeLatency,
    calls: Sequence[Call],
    threads: int,
    budget: float,
    progress: Progress,
) -> RuntimeLatency:
    """Return ``blank`` with what a race of three calls gave.

    Args:
        blank: Names the runtime and its device.
        calls: The dense model, the other one, and a second copy of the dense model.
        threads: That they use.
        budget: Seconds; see ``race``.
        progress: Told 100 steps.
    """
    with computing_threads(threads), torch.inference_mode():
        timed = race(calls, budget, progress, threads, blank.device)
    taken = max(timed.taken, timed.interrupted)
    control = timed.ratio(0, 2)
    return replace(
        blank,
        dense=timed.timing(0),
        pruned=timed.timing(1),
        # What two copies of one model are apart, two models may be apart for nothing as well.
        ratio=timed.ratio(0, 1).widened(max(systematic(taken), abs(control.value - 1))),
        control=control,
        pairs=len(timed.seconds),
        calls=timed.calls,
        taken=taken,
    )
