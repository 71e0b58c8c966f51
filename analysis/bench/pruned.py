"""Prune a network for a while, and give its weights back bit for bit."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from prunescope.blocks import find_blocks
from prunescope.capture.network import Network
from prunescope.capture.originals import originals, set_originals
from prunescope.criteria.scores import Scores
from prunescope.errors import BadValue, CannotPrune
from prunescope.removal import remove
from prunescope.study import Method
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Plan
from prunescope.study.void_choices import void_names


@dataclass(frozen=True)
class PruningMasks:
    """What stays of a network.

    Attributes:
        masks: Parameter name → bool like the weight, True = keep.
        units: Name of a group → ``(units,)`` bool, True = keep; of a block → one flag, False.
    """

    masks: Mapping[str, Tensor] = field(default_factory=dict)
    units: Mapping[str, Tensor] = field(default_factory=dict)


@contextlib.contextmanager
def pruned(module: nn.Module, masks: Mapping[str, Tensor]) -> Iterator[nn.Module]:
    """Zero the weights that ``masks`` (parameter name → bool, True = keep) remove, in the block.

    Raises:
        BadValue: A mask has another shape than its weight.
    """
    kept: dict[str, Tensor] = {}
    outer = dict(originals(module))
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
        set_originals(module, kept | outer)
        yield module
    finally:
        set_originals(module, outer)
        with torch.no_grad():
            for name, original in kept.items():
                module.get_parameter(name).copy_(original)


@contextlib.contextmanager
def selected(network: Network, selection: PruningMasks) -> Iterator[nn.Module]:
    """Yield ``network`` with only ``selection`` left: weights zeroed, units really removed.

    Without units it is the network's own module, dense again after the block; with units it is a
    smaller module of its own.

    Raises:
        CannotPrune: Units of a network that has no graph.
    """
    with pruned(network.module, selection.masks) as module:
        if not selection.units:
            yield module
            return
        if network.captured is None:
            raise CannotPrune(
                f"Expected a captured model to remove units from, but {network.problem} "
                "Choose methods at weight granularity."
            )
        yield remove(network.captured, selection.units).module


def select(plan: Plan, scores: Scores) -> PruningMasks:
    """Return what ``plan`` keeps, by scores on the dense network.

    Of what leaves with a block of the plan nothing else is pruned.
    """
    layers = {layer.name: layer for layer in scores.network.prunable()}
    masks: dict[str, Tensor] = {}
    units: dict[str, Tensor] = {}
    void = _void(plan, scores)
    for subject, choice in plan.active().items():
        if subject in void:
            continue
        if choice.granularity in UNITS:
            keep = select_units(scores, subject, choice.method, choice.sparsity, plan.seed)
            if not bool(keep.all()):
                units[subject] = keep
        else:
            layer = layers[subject]
            masks[layer.parameter] = scores.mask(
                choice.criterion, layer, choice.sparsity, plan.seed, choice.granularity
            )
    return PruningMasks(masks, units)


def _void(plan: Plan, scores: Scores) -> frozenset[str]:
    """The layers, groups and blocks of ``plan`` that another of its blocks takes with it."""
    active = plan.active()
    blocks = {name for name, choice in active.items() if choice.granularity == BLOCK}
    if not blocks or scores.network.captured is None:
        return frozenset()
    own = {block.name: block.layers for block in find_blocks(scores.network.captured).removable}
    layers = {
        name: own[name] if name in blocks
        else scores.groups[name].layers if choice.granularity in UNITS
        else (name,)
        for name, choice in active.items()
    }  # fmt: skip
    return void_names(layers, {name: own[name] for name in blocks})


def select_one(
    scores: Scores, subject: str, method: Method, sparsity: float, seed: int = 0
) -> PruningMasks:
    """Return what stays when one layer or group is pruned and the rest is dense."""
    if method.granularity in UNITS:
        return PruningMasks(units={subject: select_units(scores, subject, method, sparsity, seed)})
    layer = next(layer for layer in scores.network.prunable() if layer.name == subject)
    keep = scores.mask(method.criterion, layer, sparsity, seed, method.granularity)
    return PruningMasks(masks={layer.parameter: keep})


def select_units(
    scores: Scores, subject: str, method: Method, sparsity: float, seed: int = 0
) -> Tensor:
    """Return which units of a group stay, bool, True = keep; a block is one, and leaves whole."""
    if method.granularity == BLOCK:
        return torch.full((1,), sparsity == 0)
    return scores.units(method.criterion, subject, sparsity, seed)


def plan_masks(plan: Plan, scores: Scores) -> dict[str, Tensor]:
    """Return the masks by parameter name that ``plan`` asks for at weight granularity.

    Raises:
        CannotPrune: A choice removes units.
    """
    selection = select(plan, scores)
    if selection.units:
        raise CannotPrune(
            "Expected choices at weight granularity, but "
            f"{', '.join(selection.units)} remove units. Remove the units instead."
        )
    return dict(selection.masks)
