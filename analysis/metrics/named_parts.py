"""One output of several, and its target, by name."""

from typing import Any

import numpy as np
from torch import Tensor

from prunescope.capture.outputs import named_leaves
from prunescope.errors import DataMismatch, UnknownName


def part_named(outputs: Any, name: str) -> Any:
    """Return the output ``name``.

    Raises:
        UnknownName: The model returns no such output.
    """
    leaves = dict(named_leaves(outputs))
    if name not in leaves:
        raise UnknownName.among("output", name, leaves)
    return leaves[name]


def target_named(targets: Any, name: str) -> Any:
    """Return the target ``name``; of targets that are one tensor, that.

    Raises:
        DataMismatch: There is no such target.
    """
    if targets is None or isinstance(targets, Tensor | np.ndarray):
        return targets
    leaves = dict(named_leaves(targets))
    if name not in leaves:
        raise DataMismatch(
            f"Expected a target called {name!r}, but there are only {', '.join(leaves)}. Name the "
            "targets as the outputs."
        )
    return leaves[name]


def output_with_target(outputs: Any, targets: Any, whole_numbers: bool) -> str:
    """Return the first output that there is a target of its name and kind for; empty for none.

    Args:
        outputs: What the model returned.
        targets: A nest of tensors.
        whole_numbers: Whether the target is class labels, or real numbers.
    """
    leaves = dict(named_leaves(targets))
    for name, leaf in named_leaves(outputs):
        target = leaves.get(name)
        if not isinstance(leaf, Tensor) or not isinstance(target, Tensor):
            continue
        if target.is_floating_point() != whole_numbers:
            return name
    return ""
