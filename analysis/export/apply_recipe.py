"""Build the pruned model of a recipe without its study, and deliver it verified."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench, prepare
from prunescope.commands import next_steps
from prunescope.errors import ForeignStudy
from prunescope.export.applied_plan import layer_counts, planned, selection_of, unit_removals
from prunescope.export.destination import destination_alone
from prunescope.export.export_report import ExportReport
from prunescope.export.formats.format import MOST_LOST
from prunescope.export.formats.registry import format_names, usual_formats
from prunescope.export.make_deliverable import make_deliverable
from prunescope.export.recipe import Recipe
from prunescope.export.replay_recipe import remade, require_tuned
from prunescope.export.write_formats import write_formats
from prunescope.progress import Progress, Silent
from prunescope.store.destinations import say_replaced
from prunescope.study import Reference, check_names
from prunescope.study.bounds import LOSS, THREADS
from prunescope.study.plan import Plan
from prunescope.text.numbers import exact


@dataclass(frozen=True)
class Applied:
    """What came of applying a recipe.

    Attributes:
        report: Of the written files.
        statement: In one or two sentences, how the model agrees with the recipe.
        identical: Whether every tensor is, bit for bit, the recipe's.
    """

    report: ExportReport
    statement: str
    identical: bool


def apply_recipe(
    recipe: Recipe,
    reference: Reference,
    folder: Path,
    formats: Iterable[str] | None = None,
    tuned: Path | None = None,
    new_weights: bool = False,
    progress: Progress | None = None,
    force: bool = False,
    most_lost: float = MOST_LOST,
) -> Applied:
    """Write the recipe's model to ``folder`` in every one of ``formats``, each file verified.

    Args:
        recipe: What to do.
        reference: Of the dense model, data and metric; what it names may run.
        folder: For the files; outside of every study.
        formats: Names of formats, the usual ones by default.
        tuned: The exported ``model.safetensors``, where the recipe's weights are fine-tuned.
        new_weights: Whether other weights of the same architecture are welcome. Then criteria score
            them anew and the recovery is done anew; a fine-tuning is not repeated.
        progress: Told about every format.
        force: Whether files in ``folder`` that Prunescope did not write may be replaced.
        most_lost: Of the mean score, that a file in coarser numbers may lose.

    Raises:
        ForeignStudy: Other weights without ``new_weights``, another architecture, or tensors that
            are not the recipe's.
        BadReference: Fine-tuned weights are needed and not given.
        UnknownName, WouldOverwrite, Cancelled, StorageFailure: As for ``export_plan``.
    """
    wanted = usual_formats() if formats is None else tuple(dict.fromkeys(formats))
    check_names("export format", wanted, format_names())
    LOSS.checked(most_lost)
    if not new_weights:
        require_tuned(recipe, tuned)
    training = recipe.recovered and not new_weights
    where = destination_alone(folder, reference, wanted, training, force)
    say_replaced(str(where.folder / name) for name in where.replaced)
    told = progress or Silent()
    with computing_threads(int(THREADS.checked(recipe.threads)) or 1):
        bench = prepare(reference)
        same = bench.manifest.fingerprint == recipe.fingerprint
        if same and new_weights:
            require_tuned(recipe, tuned)
        if same or not new_weights:
            made_again = remade(replace(recipe, reference=reference), bench, tuned)
            plan, settings = recipe.plan, recipe.training
            statement = _same(recipe, new_weights)
        else:
            plan, settings = _moved(recipe, bench), None
            statement = ""
            made_again = _anew(plan, bench)
        with made_again as (selection, module):
            statement = statement or _anew_statement(recipe, plan, selection, bench)
            made = make_deliverable(bench, None, plan, selection, module, settings, "", most_lost)
            report = write_formats(made, wanted, where, told)
    return Applied(report, statement, made.recipe.weights_sha256 == recipe.weights_sha256)


@contextlib.contextmanager
def _anew(plan: Plan, bench: Workbench) -> Iterator[tuple[PruningMasks, nn.Module]]:
    selection = selection_of(bench, plan)
    with planned(bench, plan, selection) as module:
        yield selection, module


def _moved(recipe: Recipe, bench: Workbench) -> Plan:
    """The recipe's plan for other weights of the same architecture."""
    graph = recipe.parts.get("graph")
    if graph is not None and graph != bench.manifest.parts["graph"]:
        raise ForeignStudy(
            f"Expected other weights of the architecture that the recipe was made from, but the "
            f"graph of {bench.manifest.reference.model} is another one. Name the model that the "
            f"recipe names ({recipe.reference.model}), in the same version of torch."
        )
    plan = replace(recipe.plan, fingerprint=bench.manifest.fingerprint)
    plan.require(bench.manifest)
    return plan


def _same(recipe: Recipe, new_weights: bool) -> str:
    asked = (
        f"These are the recipe's own weights, so {next_steps.new_weights()} changed nothing. "
        if new_weights
        else ""
    )
    how = (
        "The masks were made anew, and the stored fine-tuned weights keep to them"
        if recipe.recovered
        else "Every tensor was made anew"
    )
    return f"{asked}{how}: bit for bit the recipe's, hash {recipe.weights_sha256[:16]}."


def _anew_statement(recipe: Recipe, plan: Plan, selection: PruningMasks, bench: Workbench) -> str:
    before = {each.group: set(each.removed) for each in recipe.units}
    after = {each.group: set(each.removed) for each in unit_removals(plan, selection)}
    units = sum(map(len, after.values()))
    shared = sum(len(after[group] & before.get(group, set())) for group in after)
    zeroed = sum(layer.removed for layer in layer_counts(bench, selection))
    parts = [
        f"{exact(units)} units removed, {exact(shared)} of them those of the recipe" * bool(units),
        f"{exact(zeroed)} weights set to zero" * bool(zeroed),
    ]
    done = " and ".join(part for part in parts if part) or "nothing removed"
    again = (
        " The recipe's fine-tuning is not repeated: these weights are not fine-tuned."
        if recipe.recovered
        else ""
    )
    recovery = "" if plan.recovery == "none" else f", recovery {plan.recovery} done anew"
    return f"Other weights than the recipe's, scored anew: {done}{recovery}.{again}"
