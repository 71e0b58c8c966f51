"""Make the weights of a recipe again, and prove that they are the same."""

from pathlib import Path

from torch import nn

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.workbench import prepare
from prunescope.errors import BadReference, ForeignStudy
from prunescope.export.applied_plan import layer_counts, planned, selection_of, unit_removals
from prunescope.export.recipe import Recipe
from prunescope.export.tensors import saved_tensors, weights_sha256
from prunescope.sources.weights import load_weights
from prunescope.store.trust import require_vouched


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
    if recipe.recovered and weights is None:
        raise BadReference(
            "Expected the exported model.safetensors beside a recipe with fine-tuned weights, but "
            "got none. Name it: training is not repeated."
        )
    with computing_threads(recipe.threads):
        bench = prepare(require_vouched(recipe.reference, study), study)
        if bench.manifest.fingerprint != recipe.fingerprint:
            raise ForeignStudy(
                f"Expected {recipe.reference.model} on {recipe.reference.data} with fingerprint "
                f"{recipe.fingerprint}, but got {bench.manifest.fingerprint}. Restore the weights "
                "and the data that the recipe was made from."
            )
        selection = selection_of(bench, recipe.plan)
        same = layer_counts(bench, selection) == recipe.layers
        same = same and unit_removals(recipe.plan, selection) == recipe.units
        tuned = load_weights(weights) if recipe.recovered and weights is not None else None
        with planned(bench, recipe.plan, selection, tuned) as module:
            tensors = saved_tensors(module)
    found = weights_sha256(tensors)
    if found != recipe.weights_sha256 or not same:
        raise ForeignStudy(
            f"Expected weights with hash {recipe.weights_sha256[:16]}, but the replay gave "
            f"{found[:16]}. Use the versions that the recipe names: {_versions(recipe)}."
        )
    module.load_state_dict(tensors)
    return module


def _versions(recipe: Recipe) -> str:
    return ", ".join(f"{name} {version}" for name, version in recipe.versions.items())
