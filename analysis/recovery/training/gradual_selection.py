"""What a gradual schedule kept, read off its weights: masks by their zeros, units by number."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured
from prunescope.errors import CannotPrune, ForeignStudy
from prunescope.removal import remove
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan


def masked_parameters(bench: Workbench, plan: Plan) -> tuple[str, ...]:
    """Return the names of the weights that ``plan`` sets to zero in part."""
    choices = plan.active()
    return tuple(
        layer.parameter
        for layer in bench.network.prunable()
        if layer.name in choices and choices[layer.name].granularity not in UNITS
    )


def gradual_selection(
    bench: Workbench,
    plan: Plan,
    removed: Mapping[str, Sequence[int]],
    weights: Mapping[str, Tensor],
) -> PruningMasks:
    """Return what stays of the dense network, as ``select`` does for a plan that prunes at once.

    Rounds score the tuned network anew, so the dense network's scores do not tell it. In a weight
    that loses rows with its units, those count as kept: they leave with the units.

    Args:
        bench: Its network is dense.
        plan: That was reached in rounds.
        removed: Numbers of the units that are gone, by group.
        weights: Fine-tuned, with the shapes of the network without these units.

    Raises:
        ForeignStudy: Units or weights that the network does not have.
    """
    units = {name: _keep(bench, name, gone) for name, gone in removed.items() if gone}
    names = masked_parameters(bench, plan)
    if missing := [name for name in names if name not in weights]:
        raise ForeignStudy(
            f"Expected fine-tuned weights of every layer that the plan prunes, but {missing[0]} is "
            "not among them. Name the weights that belong to it."
        )
    places = left_places(bench, units, names) if units else {}
    masks = {}
    for name in names:
        weight = bench.network.module.get_parameter(name)
        alive = weights[name] != 0
        if name in places:
            keep = torch.ones(weight.numel(), dtype=torch.bool)
            _require_shape(name, alive, places[name])
            keep[places[name].flatten()] = alive.flatten()
            masks[name] = keep.reshape(weight.shape)
        else:
            _require_shape(name, alive, weight)
            masks[name] = alive
    return PruningMasks(masks, units)


def left_places(
    bench: Workbench, units: Mapping[str, Tensor], names: Sequence[str]
) -> dict[str, Tensor]:
    """Return where the entries of smaller weights lay in the dense ones, flat, by parameter.

    A network whose weights are their own places is made smaller like any other.
    """
    captured = bench.network.captured
    if captured is None:
        raise CannotPrune(
            f"Expected a captured model to remove units from, but {bench.network.problem} Choose "
            "methods at weight granularity."
        )
    numbered = copy.deepcopy(captured.module)
    for name in names:
        weight = numbered.get_parameter(name)
        numbers = torch.arange(weight.numel(), dtype=torch.float64).reshape(weight.shape)
        path, _, own = name.rpartition(".")
        setattr(numbered.get_submodule(path), own, nn.Parameter(numbers, requires_grad=False))
    smaller = remove(Captured(numbered, captured.example, captured.largest), units)
    return {name: smaller.module.get_parameter(name).detach().long() for name in names}


def _keep(bench: Workbench, name: str, gone: Sequence[int]) -> Tensor:
    group = next((group for group in bench.groups if group.name == name), None)
    if group is None or not all(0 <= unit < group.units for unit in gone):
        raise ForeignStudy(
            f"Expected units of a group of this network, but {name} has no such units. Name the "
            "model that they belong to."
        )
    keep = torch.ones(group.units, dtype=torch.bool)
    keep[list(gone)] = False
    return keep


def _require_shape(name: str, one: Tensor, other: Tensor) -> None:
    if one.shape != other.shape:
        raise ForeignStudy(
            f"Expected fine-tuned weights of shape {tuple(other.shape)} for {name}, but got "
            f"{tuple(one.shape)}. Name the weights that belong to this plan."
        )
