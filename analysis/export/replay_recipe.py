"""Make the weights of a recipe again, and prove that they are the same."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from torch import nn

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench, prepare
from prunescope.commands import next_steps
from prunescope.errors import BadReference, ForeignStudy
from prunescope.export.applied_plan import layer_counts, planned, selection_of, unit_removals
from prunescope.export.recipe import Recipe
from prunescope.export.tensors import saved_tensors, weights_sha256
from prunescope.recovery.training.gradual_selection import gradual_selection
from prunescope.sources.weights import load_weights
from prunescope.store.trust import require_vouched
from prunescope.study.bounds import THREADS


def replay(recipe: Recipe, weights: Path | None = None, study: Path | None = None) -> nn.Module:
    """Return the recipe's model, made anew: reference, scores, masks, recovery, in that order.

    Args:
        recipe: What to do.
        weights: The exported ``model.safetensors``; needed, and only read, when the recipe's
            weights come from fine-tuning.
        study: The folder of the study that keeps the dense network, or the data.

    Raises:
        ForeignStudy: The reference is another model or other data than it was, the counts are
            others, or the resulting tensors are not bit for bit those of the recipe.
        BadReference: Fine-tuned weights are needed and not given.
    """
    require_tuned(recipe, weights)
    with computing_threads(int(THREADS.checked(recipe.threads))):
        bench = prepare(require_vouched(recipe.reference, study), study)
        with remade(recipe, bench, weights) as (_, module):
            tensors = saved_tensors(module)
    module.load_state_dict(tensors)
    return module


def require_tuned(recipe: Recipe, weights: Path | None) -> None:
    """Raise ``BadReference`` where the recipe needs fine-tuned weights and none are given."""
    if recipe.recovered and weights is None:
        raise BadReference(
            "Expected the exported model.safetensors beside a recipe with fine-tuned weights, but "
            "got none. Name it: training is not repeated."
        )


@contextlib.contextmanager
def remade(
    recipe: Recipe, bench: Workbench, weights: Path | None
) -> Iterator[tuple[PruningMasks, nn.Module]]:
    """Yield what the recipe keeps and its module, proved bit for bit; dense again after the block.

    Args:
        recipe: What to do, with as many threads as it says.
        bench: The recipe's model and data.
        weights: Fine-tuned ones, where the recipe needs them.

    Raises:
        ForeignStudy: Bench, counts or tensors are not the recipe's.
    """
    _require_same(recipe, bench)
    tuned = load_weights(weights) if recipe.recovered and weights is not None else None
    if recipe.gradual and tuned is not None:
        gone = {removal.group: removal.removed for removal in recipe.units}
        selection = gradual_selection(bench, recipe.plan, gone, tuned)
    else:
        selection = selection_of(bench, recipe.plan)
    same = layer_counts(bench, selection) == recipe.layers
    same = same and unit_removals(recipe.plan, selection) == recipe.units
    with planned(bench, recipe.plan, selection, tuned) as module:
        found = weights_sha256(saved_tensors(module))
        if found != recipe.weights_sha256 or not same:
            raise ForeignStudy(
                f"Expected weights with hash {recipe.weights_sha256[:16]}, but the replay gave "
                f"{found[:16]}. Use the versions that the recipe names: {_versions(recipe)}."
            )
        yield selection, module


def _require_same(recipe: Recipe, bench: Workbench) -> None:
    if bench.manifest.fingerprint == recipe.fingerprint:
        return
    named = f"{recipe.reference.model} on {recipe.reference.data}"
    parts = bench.manifest.parts
    others = [name for name, digest in recipe.parts.items() if parts.get(name) != digest]
    what = f"other {' and '.join(others)}" if others else "something else"
    raise ForeignStudy(
        f"Expected {named} with fingerprint {recipe.fingerprint}, but got {what} with "
        f"{bench.manifest.fingerprint}. Restore the weights and the data that the recipe was made "
        f"from, or score others anew with {next_steps.new_weights()}."
    )


def _versions(recipe: Recipe) -> str:
    return ", ".join(f"{name} {version}" for name, version in recipe.versions.items())
