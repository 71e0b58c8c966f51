"""What groups and layers are called."""

from dataclasses import replace
from typing import Final

import numpy as np

from prunescope.capture.layers import layer_name
from prunescope.coupling.groups import Group

_OWN: Final = ("weight", "bias", "running_mean", "running_var", "weight_g", "weight_v")


def layer_of(parameter: str) -> str:
    """Return the dotted name of a tensor's module, or of the tensor if that says more."""
    plain = parameter.partition(".parametrizations.")[0]
    if plain != parameter:
        return plain
    path, _, own = parameter.rpartition(".")
    if own.endswith("_weight"):
        return layer_name(parameter)
    if own.endswith("_bias"):
        return parameter.removesuffix("_bias")
    if own.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")):
        return path
    return path if own in _OWN else parameter


def named(groups: list[Group]) -> tuple[Group, ...]:
    """Tell groups of one producer apart by the range of it that they own."""
    counted: dict[str, int] = {}
    for group in groups:
        counted[group.name] = counted.get(group.name, 0) + 1
    taken: set[str] = set()
    named = []
    for group in groups:
        name = group.name
        if counted[name] > 1:
            maker = next(m for m in group.members if m.layer == name)
            owned = np.sort(np.concatenate(maker.indices))
            part = f"[{owned[0]}:{owned[-1] + 1}]"
            solid = len(owned) == owned[-1] - owned[0] + 1
            name = name + part if solid else f"{name}[{owned[0]}…]"
        while name in taken:
            name += "'"
        taken.add(name)
        named.append(replace(group, name=name))
    return tuple(named)
