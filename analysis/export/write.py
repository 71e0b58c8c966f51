"""Export a plan: write each format aside, verify it in a fresh process, then offer it."""

import tempfile
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import fx, nn

from analysis.capture.graph import Captured
from analysis.errors import Cancelled, CannotCapture
from analysis.export import onnx_file, program, safetensors_file
from analysis.export.loader import loader_script
from analysis.export.planned import layer_counts, planned, selection_of, unit_removals, zero_places
from analysis.export.promise import Promise, promise
from analysis.export.recipe import RECIPE, Recipe, write_recipe
from analysis.export.report import (
    FORMAT_NAMES,
    FORMATS,
    LOADER,
    ExportReport,
    FormatCheck,
    FormatKind,
    export_folder,
    read_report,
    write_report,
)
from analysis.export.tensors import saved_tensors
from analysis.export.verify import verify
from analysis.planning.plan import Plan
from analysis.progress import Progress, Silent
from analysis.pruned import Selection
from analysis.recovery.finetune import read_weights
from analysis.recovery.report import FineTuning, read_result, result_folder
from analysis.store.files import storage, write_atomically
from analysis.store.folder import Study
from analysis.study import check_names
from analysis.workbench import Workbench

_VERSIONS = ("prunescope", "torch", "safetensors", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Deliverable:
    """A pruned model that is ready to be written.

    Attributes:
        module: With its final weights.
        captured: The same as a graph, with weights shared; None when there is none.
        problem: Why there is no graph, else None.
        recipe: How it came to be.
        promise: What the screen says about it.
        parameters: Of the dense model.
        removed: Of them, zeroed or gone.
    """

    module: nn.Module
    captured: Captured | None
    problem: str | None
    recipe: Recipe
    promise: Promise
    parameters: int
    removed: int


def export_plan(
    bench: Workbench,
    study: Study,
    plan: Plan,
    formats: Iterable[str] = FORMAT_NAMES,
    destination: Path | None = None,
    recovered: bool = False,
    progress: Progress | None = None,
) -> ExportReport:
    """Write ``plan``'s model in every one of ``formats``, verified, and return what was found.

    Args:
        bench: The study's model and data; dense again afterwards.
        study: Where the plan belongs.
        plan: What to prune: weights are zeroed, units are really removed.
        formats: Some of ``FORMAT_NAMES``.
        destination: Folder for the files; the study's own by default.
        recovered: Whether to export the plan's fine-tuned weights.
        progress: Told about every format; asked between two of them whether to stop.

    Raises:
        ForeignStudy: Plan, study and bench are not about the same.
        UnknownName: A format that does not exist.
        BadReference: ``recovered`` without fine-tuned weights.
        Cancelled: Somebody asked to stop; formats verified before that stay.
    """
    wanted = tuple(dict.fromkeys(formats))
    check_names("export format", wanted, FORMAT_NAMES)
    study.require(bench.manifest)
    plan.require(study.manifest)
    kept = result_folder(study.folder, plan)
    tuned = read_weights(kept) if recovered else None
    training = read_result(kept).settings if recovered else None
    folder = destination or export_folder(study.folder, plan.digest, recovered)
    selection = selection_of(bench, plan)
    with planned(bench, plan, selection, tuned) as module:
        made = _deliverable(bench, plan, selection, module, training)
        return deliver(made, wanted, folder, progress or Silent())


def deliver(
    made: Deliverable, formats: tuple[str, ...], folder: Path, progress: Progress
) -> ExportReport:
    """Write, verify and offer ``made`` in ``formats`` in ``folder``; the rest of the folder stays.

    Files of an earlier export into the same folder stay if they hold the same weights, and go
    otherwise.
    """
    progress.start(len(formats), "exporting")
    entries = _earlier(made, folder)
    for kind in (kind for kind in FORMATS if kind.name in formats):
        if progress.cancelled():
            raise Cancelled("The export was stopped. The formats finished before that are kept.")
        entries[kind.name] = _format(kind, made, folder)
        report = _report(made, entries)
        with storage(folder):
            write_recipe(folder / RECIPE, made.recipe)
            offered = [entry.format for entry in report.formats if entry.ok]
            write_atomically(
                folder / LOADER,
                loader_script(made.recipe, offered, made.removed, made.parameters).encode(),
            )
            write_report(folder, report)
        progress.advance(1, f"{kind.title}: {'verified' if entries[kind.name].ok else 'failed'}")
    return _report(made, entries)


def _format(kind: FormatKind, made: Deliverable, folder: Path) -> FormatCheck:
    """Everything happens in a folder aside, so that an unverified file never has the final name."""
    start = time.perf_counter()
    if kind.graph and made.captured is None:
        why = f"This model has no graph, and {kind.title} is made from it: {made.problem}"
        return FormatCheck(kind.name, "", 0, 0, 0.0, refused=why)
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with storage(folder), tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as aside:
        file = Path(aside) / kind.file
        try:
            _write(kind, made, Path(aside))
        except CannotCapture as error:
            return FormatCheck(kind.name, "", 0, 0, 0.0, refused=str(error))
        checks = verify(kind, file, Path(aside) / RECIPE, made.promise)
        size, packed = file.stat().st_size, deflated_bytes(file)
        ok = all(check.ok for check in checks)
        target = folder / (kind.file if ok else f"{kind.file}.failed")
        for stale in (folder / kind.file, folder / f"{kind.file}.failed"):
            stale.unlink(missing_ok=True)
        file.replace(target)
    seconds = round(time.perf_counter() - start, 2)
    return FormatCheck(kind.name, target.name, size, packed, seconds, checks)


def _write(kind: FormatKind, made: Deliverable, aside: Path) -> None:
    write_recipe(aside / RECIPE, made.recipe)
    file = aside / kind.file
    if kind.name == "safetensors" or (kind.name == "recipe" and made.recipe.recovered):
        safetensors_file.write(saved_tensors(made.module), aside / "model.safetensors")
    if kind.graph and made.captured is not None:
        exported = program.exported(made.captured)
        if kind.name == "pt2":
            program.write(exported, file)
        else:
            onnx_file.write(exported, file)


def deflated_bytes(file: Path) -> int:
    """Return the bytes of ``file`` deflated (zlib level 6), read piece by piece."""
    packer = zlib.compressobj(6)
    total = 0
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            total += len(packer.compress(piece))
    return total + len(packer.flush())


def _deliverable(
    bench: Workbench,
    plan: Plan,
    selection: Selection,
    module: nn.Module,
    training: FineTuning | None,
) -> Deliverable:
    network = bench.network
    captured = None
    if network.captured is not None and isinstance(module, fx.GraphModule):
        captured = Captured(module, network.captured.example)
    promised = promise(
        module,
        captured,
        zero_places(module, selection),
        bench.splits.validation,
        bench.metric,
        bench.batch,
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
    )
    dense = bench.manifest.parameters
    gone = dense - sum(p.numel() for p in {id(p): p for p in module.parameters()}.values())
    return Deliverable(
        module=module,
        captured=captured,
        problem=network.problem,
        recipe=recipe,
        promise=promised,
        parameters=dense,
        removed=gone + sum(int(where.sum()) for where in promised.zeros.values()),
    )


def versions() -> dict[str, str]:
    """Return the versions of all packages that write or reload an export."""
    return {name: version(name) for name in _VERSIONS}


def _earlier(made: Deliverable, folder: Path) -> dict[str, FormatCheck]:
    known = read_report(folder)
    if known is None:
        return {}
    if known.weights_sha256 == made.recipe.weights_sha256:
        return {entry.format: entry for entry in known.formats}
    for entry in known.formats:
        if entry.file:
            (folder / entry.file).unlink(missing_ok=True)
    return {}


def _report(made: Deliverable, entries: Mapping[str, FormatCheck]) -> ExportReport:
    recipe = made.recipe
    return ExportReport(
        digest=recipe.plan.digest,
        plan=recipe.plan.name,
        fingerprint=recipe.fingerprint,
        recovered=recipe.recovered,
        weights_sha256=recipe.weights_sha256,
        removed=made.removed,
        parameters=made.parameters,
        samples=len(made.promise.validation),
        formats=tuple(entries[name] for name in FORMAT_NAMES if name in entries),
        versions=recipe.versions,
    )
