"""Export a plan: prune, say what is promised, and deliver every format verified."""

from collections.abc import Iterable
from pathlib import Path

from prunescope.bench.workbench import Workbench
from prunescope.export.applied_plan import planned, selection_of
from prunescope.export.changed_samples import write_changed
from prunescope.export.destination import destination as place
from prunescope.export.export_report import ExportReport
from prunescope.export.find_changed import find_changed
from prunescope.export.formats.format import MOST_LOST
from prunescope.export.formats.registry import (
    REGISTRY,
    export_format,
    format_names,
    usual_formats,
)
from prunescope.export.make_deliverable import make_deliverable
from prunescope.export.write_formats import write_formats
from prunescope.progress import Progress, Silent
from prunescope.recovery.training.fine_tuning_report import best_folder, read_result
from prunescope.recovery.training.finetune import read_weights
from prunescope.recovery.training.gradual_selection import gradual_selection
from prunescope.store.destinations import say_replaced
from prunescope.store.folder import StudyFolder
from prunescope.study import check_names
from prunescope.study.bounds import LOSS, OPSET
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
    most_lost: float = MOST_LOST,
    opset: int | None = None,
) -> ExportReport:
    """Write ``plan``'s model in every one of ``formats``, verified, and return what was found.

    Args:
        bench: The study's model and data; dense again afterwards.
        study: Where the plan belongs.
        plan: What to prune: weights are zeroed, units are really removed.
        formats: Names of some of ``prunescope.export.formats``, the usual ones by default; what one
            is loaded with comes too.
        destination: Folder for the files; the study's own by default.
        recovered: Whether to export the plan's fine-tuned weights, of the better schedule.
        progress: Told about every format; asked between two of them whether to stop.
        force: Whether files in ``destination`` that Prunescope did not write may be replaced; which
            ones is said in a warning.
        most_lost: Of the mean score, that a file in coarser numbers (int8, fp16) may lose against
            the pruned model; past it the file is refused.
        opset: Of ONNX files, 13 to 25; None for the one that torch writes.

    Raises:
        ForeignStudy: Plan, study and bench are not about the same.
        UnknownName: A format that does not exist.
        BadValue: A format that stands in no module, so that no fresh process can load its file.
        BadReference: ``recovered`` without fine-tuned weights.
        WouldOverwrite: See ``prunescope.export.destination``.
        Cancelled: Somebody asked to stop; formats verified before that stay.
    """
    LOSS.checked(most_lost)
    if opset is not None:
        OPSET.checked(opset)
    wanted = usual_formats() if formats is None else tuple(dict.fromkeys(formats))
    check_names("export format", wanted, format_names())
    for name in wanted:
        REGISTRY.module_of(export_format(name))  # before anything is written
    study.require(bench.manifest)
    plan.require(study.manifest)
    kept = best_folder(study.folder, plan)
    tuned = read_weights(kept) if recovered else None
    result = read_result(kept) if recovered else None
    where = place(study, plan, wanted, destination, recovered, force)
    say_replaced(str(where.folder / name) for name in where.replaced)
    if result is not None and tuned is not None and result.gradual:
        selection = gradual_selection(bench, plan, result.gone, tuned)
    else:
        selection = selection_of(bench, plan)
    with planned(bench, plan, selection, tuned) as module:
        made = make_deliverable(
            bench, study.folder, plan, selection, module,
            result.settings if result else None, result.weights_hash if result else "", most_lost,
            any(export_format(name).graph for name in wanted), opset,
        )  # fmt: skip
        report = write_formats(made, wanted, where, progress or Silent())
        outcome = made.promise.outcome
    if destination is None:  # what a study keeps; a folder elsewhere holds files alone
        write_changed(study.folder, find_changed(bench, plan, outcome, recovered))
    return report
