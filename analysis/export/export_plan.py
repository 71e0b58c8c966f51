"""Export a plan: prune, say what is promised, and deliver every format verified."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch
from torch import fx, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured
from prunescope.export.applied_plan import (
    layer_counts,
    planned,
    selection_of,
    unit_removals,
    zero_places,
)
from prunescope.export.deliverable import Deliverable
from prunescope.export.destination import destination as place
from prunescope.export.export_report import ExportReport
from prunescope.export.formats.registry import REGISTRY, export_format, export_formats, format_names
from prunescope.export.free_sizes import with_free_sizes
from prunescope.export.promise import promise
from prunescope.export.recipe import Recipe
from prunescope.export.write_formats import write_formats
from prunescope.progress import Progress, Silent
from prunescope.recovery.training.fine_tuning_report import FineTuned, read_result, result_folder
from prunescope.recovery.training.finetune import read_weights
from prunescope.store.destinations import say_replaced
from prunescope.store.folder import StudyFolder
from prunescope.study import check_names
from prunescope.study.plan import Plan


def export_plan(
    bench: Workbench,
    study: StudyFolder,
    plan: Plan,
    formats: Iterable[str] | None = None,
    destination: Path | None = None,
    recovered: bool = False,
    progress: Progress | None = None,
    force: bool = False,
) -> ExportReport:
    """Write ``plan``'s model in every one of ``formats``, verified, and return what was found.

    Args:
        bench: The study's model and data; dense again afterwards.
        study: Where the plan belongs.
        plan: What to prune: weights are zeroed, units are really removed.
        formats: Names of some of ``prunescope.export.formats``, all by default; what one of them is
            loaded with comes too.
        destination: Folder for the files; the study's own by default.
        recovered: Whether to export the plan's fine-tuned weights.
        progress: Told about every format; asked between two of them whether to stop.
        force: Whether files in ``destination`` that Prunescope did not write may be replaced; which
            ones is said in a warning.

    Raises:
        ForeignStudy: Plan, study and bench are not about the same.
        UnknownName: A format that does not exist.
        BadValue: A format that stands in no module, so that no fresh process can load its file.
        BadReference: ``recovered`` without fine-tuned weights.
        WouldOverwrite: See ``prunescope.export.destination``.
        Cancelled: Somebody asked to stop; formats verified before that stay.
    """
    wanted = format_names() if formats is None else tuple(dict.fromkeys(formats))
    check_names("export format", wanted, format_names())
    for name in wanted:
        REGISTRY.module_of(export_format(name))  # before anything is written
    study.require(bench.manifest)
    plan.require(study.manifest)
    kept = result_folder(study.folder, plan)
    tuned = read_weights(kept) if recovered else None
    result = read_result(kept) if recovered else None
    where = place(study, plan, wanted, destination, recovered, force)
    say_replaced(str(where.folder / name) for name in where.replaced)
    selection = selection_of(bench, plan)
    with planned(bench, plan, selection, tuned) as module:
        graphs = any(export_format(name).graph for name in wanted)
        made = _deliverable(bench, study, plan, selection, module, result, graphs)
        return write_formats(made, wanted, where, progress or Silent())


def _deliverable(
    bench: Workbench,
    study: StudyFolder,
    plan: Plan,
    selection: PruningMasks,
    module: nn.Module,
    result: FineTuned | None,
    graphs: bool,
) -> Deliverable:
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
        study.folder,
    )
    recipe = Recipe(
        plan=plan,
        reference=bench.manifest.reference,
        fingerprint=bench.manifest.fingerprint,
        layers=layer_counts(bench, selection),
        units=unit_removals(plan, selection),
        weights_sha256=promised.sha256,
        training=result.settings if result else None,
        threads=torch.get_num_threads(),
        versions=versions(),
    )
    free = None
    if captured is not None and graphs:
        free = with_free_sizes(bench, selection, captured)
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
        parameters=dense,
        removed=gone + sum(int(where.sum()) for where in promised.zeros.values()),
        fine_tuned_hash=result.weights_hash if result else "",
        dimensions=free.dimensions if free is not None else (),
        studied=captured if free is not None else None,
    )


def versions() -> dict[str, str]:
    """Return the versions of all packages that write or reload an export."""
    packages = [
        "prunescope",
        "torch",
        *(each for kind in export_formats() for each in kind.packages),
    ]
    return {name: version(name) for name in packages}
