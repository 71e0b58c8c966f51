"""Put masks on a network's weights for a while, and give the weights back bit for bit."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from analysis.errors import BadValue, CannotPrune
from analysis.planning.plan import Plan
from analysis.criteria.scores import Scores


@contextlib.contextmanager
def pruned(module: nn.Module, masks: Mapping[str, Tensor]) -> Iterator[nn.Module]:
    """Zero the weights that ``masks`` (parameter name → bool, True = keep) remove, in the block.

    Raises:
        BadValue: A mask has another shape than its weight.
    """
    kept: dict[str, Tensor] = {}
    try:
        for name, keep in masks.items():
            weight = module.get_parameter(name)
            if keep.shape != weight.shape:
                raise BadValue(
                    f"Expected the mask of {name} to have shape {tuple(weight.shape)}, but got "
                    f"{tuple(keep.shape)}. Make it from this model's scores."
                )
            kept[name] = weight.detach().clone()
            with torch.no_grad():
                weight.masked_fill_(~keep.to(weight.device), 0.0)
        yield module
    finally:
        with torch.no_grad():
            for name, original in kept.items():
                module.get_parameter(name).copy_(original)


def plan_masks(plan: Plan, scores: Scores) -> dict[str, Tensor]:
    """Return the masks by parameter name that ``plan`` asks for at weight granularity.

    Raises:
        CannotPrune: A choice is not at weight granularity.
    """
    masks = {}
    layers = {layer.name: layer for layer in scores.network.prunable()}
    for subject, choice in plan.active().items():
        if choice.granularity != "weight":
            raise CannotPrune(
                f"Expected choices at weight granularity for masks, but {subject} asks for "
                f"{choice.granularity}. Remove its units instead."
            )
        layer = layers[subject]
        masks[layer.parameter] = scores.mask(choice.criterion, layer, choice.sparsity, plan.seed)
    return masks
