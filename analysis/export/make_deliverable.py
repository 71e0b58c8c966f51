"""Put together what is delivered: the pruned module, its graph, its promise and its recipe."""

import contextlib
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import fx, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured
from prunescope.export.applied_plan import layer_counts, unit_removals, zero_places
from prunescope.export.deliverable import Deliverable
from prunescope.export.formats.registry import export_formats
from prunescope.export.free_sizes import with_free_sizes
from prunescope.export.promise import promise
from prunescope.export.quantise_onnx import MOST_SAMPLES
from prunescope.export.recipe import Recipe
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of


def make_deliverable(
    bench: Workbench,
    study: Path | None,
    plan: Plan,
    selection: PruningMasks,
    module: nn.Module,
    training: FineTuning | None,
    fine_tuned_hash: str,
    most_lost: float,
    graphs: bool = True,
    opset: int | None = None,
) -> Deliverable:
    """Return ``module``, pruned by ``selection``, ready to be written.

    Args:
        bench: Its network is ``module`` or what ``module`` was cut from, pruned at the moment.
        study: The study's folder, which may keep the dense model and the data.
        plan: That was applied.
        selection: What it keeps.
        module: With its final weights.
        training: How they were fine-tuned, or None.
        fine_tuned_hash: Of the fine-tuned weights, else empty.
        most_lost: Of the mean score, that a file in coarser numbers may lose.
        graphs: Whether a graph is among what is written, whose sizes may be free.
        opset: Of ONNX files; None for the one that torch writes.
    """
    network = bench.network
    captured = None
    if network.captured is not None and isinstance(module, fx.GraphModule):
        captured = Captured(module, network.captured.example, network.captured.largest)
    promised = promise(
        module,
        captured,
        zero_places(module, selection),
        bench.splits.validation,
        bench.metric,
        bench.batch,
        study,
        most_lost,
        words_of(bench.manifest),
    )
    recipe = Recipe(
        plan=plan,
        reference=bench.manifest.reference,
        fingerprint=bench.manifest.fingerprint,
        layers=layer_counts(bench, selection),
        units=unit_removals(plan, selection),
        weights_sha256=promised.sha256,
        training=training,
        threads=torch.get_num_threads(),
        versions=versions(),
        parts=bench.manifest.parts,
    )
    free = with_free_sizes(bench, selection, captured) if captured is not None and graphs else None
    if free is not None:
        promised = replace(promised, resized=free.resized)
    dense = bench.manifest.parameters
    gone = dense - sum(p.numel() for p in {id(p): p for p in module.parameters()}.values())
    return Deliverable(
        module=module,
        captured=free.captured if free is not None else captured,
        problem=network.problem,
        recipe=recipe,
        promise=promised,
        calibration=bench.splits.calibration.chunk(0, MOST_SAMPLES).inputs,
        parameters=dense,
        removed=gone + sum(int(where.sum()) for where in promised.zeros.values()),
        fine_tuned_hash=fine_tuned_hash,
        dimensions=free.dimensions if free is not None else (),
        studied=captured if free is not None else None,
        opset=opset,
    )


def versions() -> dict[str, str]:
    """Return the versions of all packages that write or reload an export."""
    packages = [
        "prunescope",
        "torch",
        *(each for kind in export_formats() for each in kind.packages),
    ]
    found = {}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):  # an extra that is not installed
            found[name] = version(name)
    return found
