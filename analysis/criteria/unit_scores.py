"""Aggregate scores of weights to scores of a group's units."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from prunescope.capture.functional import operator_name
from prunescope.capture.network import Network
from prunescope.coupling import Group, Member


def per_unit(tensor: Tensor, member: Member) -> Tensor:
    """Return ``(units,)``: the sum of ``tensor``, shaped like the member's parameter, per unit."""
    by_index = tensor.movedim(member.dimension, 0).flatten(1).sum(1) if tensor.ndim > 1 else tensor
    return torch.stack([by_index[torch.as_tensor(rows)].sum() for rows in member.indices])


def summed(group: Group, tensors: Mapping[str, Tensor], members: Iterable[Member]) -> Tensor:
    """Return ``(units,)`` float64: the sum over ``members`` of ``tensors`` by parameter name."""
    total = torch.zeros(group.units, dtype=torch.float64)
    for member in members:
        total += per_unit(tensors[member.parameter].double().cpu(), member)
    return total


def parameters(group: Group) -> tuple[Member, ...]:
    """Return the members that are parameters, buffers left out."""
    return tuple(member for member in group.members if not member.buffer)


def names(groups: Iterable[Group]) -> set[str]:
    """Return the names of all parameters that the groups' members touch."""
    return {member.parameter for group in groups for member in parameters(group)}


def readers(group: Group) -> tuple[Member, ...]:
    """Return the members that multiply by the group's activations.

    A gate ``z`` of 1 on a unit, placed where its readers read it, has the gradient ``sum of g w``
    over the readers' weights of that unit: no gate has to be built. Where no parameter reads the
    group (its readers multiply activations with each other), the producers scale it instead.
    """
    consumers = tuple(member for member in parameters(group) if member.role == "consumer")
    return consumers or tuple(m for m in parameters(group) if m.role == "producer")


def mean_squared_gates(
    groups: tuple[Group, ...],
    weights: Mapping[str, Tensor],
    gradients: Iterable[Mapping[str, Tensor]],
) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the mean over ``gradients`` of the squared gate gradient."""
    totals = {group.name: torch.zeros(group.units, dtype=torch.float64) for group in groups}
    count = 0
    for batch_gradients in gradients:
        count += 1
        products = {name: gradient * weights[name] for name, gradient in batch_gradients.items()}
        for group in groups:
            totals[group.name] += summed(group, products, readers(group)).square()
    return {name: total / max(count, 1) for name, total in totals.items()}


def norm_scales(network: Network) -> frozenset[str]:
    """Return the names of the scales of batch norms."""
    if network.captured is None:
        return frozenset()
    parameters_by_name = dict(network.module.named_parameters(remove_duplicate=False))
    scales = set()
    for node in network.captured.module.graph.nodes:
        if node.op == "call_function" and operator_name(node) == "batch_norm":
            scale = node.args[1]
            if getattr(scale, "op", "") == "get_attr" and str(scale.target) in parameters_by_name:
                scales.add(str(scale.target))
    return frozenset(scales)
