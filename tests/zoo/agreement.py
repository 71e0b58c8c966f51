"""Hold what an engine found against what a network expects, and silence units without it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.coupling import Coupling, Group
from tests.zoo.network import ExpectedGroup, ZooNetwork

Described = tuple[str, int, bool, tuple[str, ...]]
Removal = Mapping[str, np.ndarray[Any, np.dtype[np.bool_]]]


def describe(group: Group | ExpectedGroup) -> Described:
    """Return granularity, units, whether normalised, and the members that are parameters."""
    if isinstance(group, ExpectedGroup):
        members = {f"{name}:{dimension}" for name, dimension in group.members}
    else:
        members = {f"{m.parameter}:{m.dimension}" for m in group.members if not m.buffer}
    return group.granularity, group.units, group.normalised, tuple(sorted(members))


def disagreements(network: ZooNetwork, found: Coupling) -> list[str]:
    """Return one line for each group that is missing or too many and each missing refusal."""
    expected = Counter(describe(group) for group in network.expected)
    got = Counter(describe(group) for group in found.groups)
    missing = list((expected - got).elements())
    if network.either:
        missing = [each for each in missing if not _refused_instead(each, found)]
    lines = [f"missing {each}" for each in missing]
    lines += [f"too many {each}" for each in (got - expected).elements()]
    for wanted in network.refused:
        reasons = [r.reason for r in found.refused if wanted.layer in r.layers]
        if not any(wanted.word.lower() in reason.lower() for reason in reasons):
            lines.append(f"{wanted.layer} not refused for {wanted.word!r}, but {reasons}")
    return lines


def _refused_instead(group: Described, found: Coupling) -> bool:
    """Whether a producer of ``group`` is named as not prunable."""
    refused = {layer for each in found.refused for layer in each.layers}
    return any(m.rpartition(".")[0] in refused for m in group[3] if m.endswith(":0"))


def halves(groups: Iterable[Group], seed: int) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return a mask for each group of at least two units, keeping a random half of them."""
    random = np.random.default_rng(seed)
    removal = {}
    for group in groups:
        if group.units > 1:
            keep = np.ones(group.units, dtype=bool)
            keep[random.choice(group.units, group.units // 2, replace=False)] = False
            removal[group.name] = keep
    return removal


def zero(network: ZooNetwork, found: Coupling, removal: Removal) -> None:
    """Set every parameter entry of the removed units to zero, in place."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, keep in removal.items():
            for member in found.group(name).members:
                if member.buffer:
                    continue
                for unit in np.flatnonzero(~keep):
                    indices = torch.as_tensor(np.asarray(member.indices[unit]))
                    parameters[member.parameter].index_fill_(member.dimension, indices, 0.0)


def narrow(network: ZooNetwork, found: Coupling, removal: Removal) -> None:
    """Slice parameters and buffers in place, so that the network's own forward is the smaller one.

    The reference for norms over the pruned dimension: the same Python code, on fewer channels.
    """
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    with torch.no_grad():
        for name, keep in removal.items():
            for member in found.group(name).members:
                value = tensors[member.parameter]
                left = np.ones(value.shape[member.dimension], dtype=bool)
                for unit in np.flatnonzero(~keep):
                    left[np.asarray(member.indices[unit])] = False
                where = torch.as_tensor(np.flatnonzero(left))
                value.data = value.data.index_select(member.dimension, where)
    for module in network.modules():
        if isinstance(module, nn.LayerNorm | nn.RMSNorm) and module.weight is not None:
            module.normalized_shape = tuple(module.weight.shape)
        elif isinstance(module, nn.GroupNorm):
            module.num_channels = len(module.weight)
        elif isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.groups = len(module.weight)


def apart(left: object, right: object) -> float:
    """Return the largest absolute difference between two outputs of the same structure."""
    pairs = zip(pytree.tree_leaves(left), pytree.tree_leaves(right), strict=True)
    return max(_difference(one, other) for one, other in pairs)


def _difference(one: Tensor, other: Tensor) -> float:
    return float((one.double() - other.double()).abs().max())


def shrunk(before: ZooNetwork, after: torch.nn.Module) -> set[tuple[str, int]]:
    """Return ``(parameter, dimension)`` of every dimension that got smaller.

    Raises:
        ValueError: A parameter is missing, grew or changed its rank.
    """
    small = dict(after.named_parameters())
    changed = set()
    for name, value in before.named_parameters():
        if name not in small or small[name].ndim != value.ndim:
            raise ValueError(f"Expected {name} to keep its name and rank, but it did not.")
        for dimension, (old, new) in enumerate(zip(value.shape, small[name].shape, strict=True)):
            if new > old:
                raise ValueError(f"Expected {name}:{dimension} not to grow, but got {new}.")
            if new < old:
                changed.add((name, dimension))
    return changed
