"""Make the weights of a recipe again, and prove that they are the same."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from analysis.criteria.scores import Scores
from analysis.errors import BadReference, ForeignStudy
from analysis.export.planned import planned
from analysis.export.recipe import LayerCount, Recipe
from analysis.export.tensors import saved_tensors, weights_sha256
from analysis.planning.plan import Plan
from analysis.pruned import plan_masks
from analysis.sources.weights import load_weights
from analysis.workbench import Workbench, prepare


def replay(recipe: Recipe, weights: Path | None = None) -> nn.Module:
    """Return the recipe's model, made anew: reference, scores, masks, recovery, in that order.

    Args:
        recipe: What to do.
        weights: The exported ``model.safetensors``; needed, and only read, when the recipe's
            weights come from fine-tuning.

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
        bench = prepare(recipe.reference)
        if bench.manifest.fingerprint != recipe.fingerprint:
            raise ForeignStudy(
                f"Expected {recipe.reference.model} on {recipe.reference.data} with fingerprint "
                f"{recipe.fingerprint}, but got {bench.manifest.fingerprint}. Restore the weights "
                "and the data that the recipe was made from."
            )
        masks = plan_masks(recipe.plan, Scores(bench.network, bench.splits.calibration))
        counts = layer_counts(bench, recipe.plan, masks)
        tuned = load_weights(weights) if recipe.recovered and weights is not None else None
        with planned(bench, recipe.plan, masks, tuned) as module:
            tensors = saved_tensors(module)
    found = weights_sha256(tensors)
    if found != recipe.weights_sha256 or counts != recipe.layers:
        raise ForeignStudy(
            f"Expected weights with hash {recipe.weights_sha256[:16]}, but the replay gave "
            f"{found[:16]}. Use the versions that the recipe names: {_versions(recipe)}."
        )
    module.load_state_dict(tensors)
    return module


def layer_counts(bench: Workbench, plan: Plan, masks: dict[str, Tensor]) -> tuple[LayerCount, ...]:
    """Return how many weights ``masks`` remove from each layer of ``plan``, in forward order."""
    active = plan.active()
    return tuple(
        LayerCount(
            layer.name,
            layer.parameter,
            masks[layer.parameter].numel() - int(masks[layer.parameter].sum()),
            masks[layer.parameter].numel(),
        )
        for layer in bench.network.prunable()
        if layer.name in active
    )


@contextlib.contextmanager
def computing_threads(count: int) -> Iterator[None]:
    """Let torch compute with ``count`` threads in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _versions(recipe: Recipe) -> str:
    return ", ".join(f"{name} {version}" for name, version in recipe.versions.items())
