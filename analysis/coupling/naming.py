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
    if own.startswith(("bias_ih", "bias_hh")):  # of a recurrent layer's matrix
        return parameter.removesuffix(own) + own.replace("bias", "weight", 1)
    return path if own in _OWN else parameter


def name_groups(groups: list[Group]) -> tuple[Group, ...]:
    """Tell groups of one producer apart by the range of it that they own."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group.name] = counts.get(group.name, 0) + 1
    used_names: set[str] = set()
    renamed = []
    for group in groups:
        name = group.name
        if counts[name] > 1:
            producer = next(m for m in group.members if m.layer == name)
            owned = np.sort(np.concatenate(producer.indices))
            part = f"[{owned[0]}:{owned[-1] + 1}]"
            contiguous = len(owned) == owned[-1] - owned[0] + 1
            name = name + part if contiguous else f"{name}[{owned[0]}…]"
        while name in used_names:
            name += "'"
        used_names.add(name)
        renamed.append(replace(group, name=name))
    return tuple(renamed)
