"""Check the law of removal: the smaller network equals the dense one with those units silenced."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.blocks import find_blocks
from prunescope.capture.graph import Captured, Inputs, call_arguments
from prunescope.coupling import Group, find_groups
from prunescope.removal.block_masks import divided
from prunescope.removal.remove import remove
from prunescope.removal.selection import Removal
from prunescope.removal.silence import silence
from prunescope.removal.try_groups import random_half


@dataclass(frozen=True)
class LawReport:
    """How far the smaller network is from the dense one with the same units silent.

    Attributes:
        max_error: Largest absolute difference of any output value.
        scale: Largest absolute output value of the silenced network, at least 1e-6.
        ok: Whether ``max_error / scale`` is at most ``tolerance``, and both are finite.
        tolerance: 1e-4, or 1e-9 if all outputs are float64.
        normalised: Whether the reference takes a statistic over the kept units.
        effect: Largest absolute change that silencing makes to the outputs; 0 means that these
            inputs and weights cannot tell whether the law holds.
    """

    max_error: float
    scale: float
    ok: bool
    tolerance: float
    normalised: bool
    effect: float


def check_law(
    captured: Captured, removal: "Removal | Group | str", inputs: Inputs | None = None
) -> LawReport:
    """Return how well the law holds for a removal, or for half of a group's units.

    Args:
        captured: In evaluation mode, as captured.
        removal: Masks by name of group or block; or a group, of which a random half is removed; or
            a block, which is removed.
        inputs: A batch; None for the example that the graph was captured with.
    """
    coupling = find_groups(captured)
    if isinstance(removal, str) and find_blocks(captured).named(removal) is not None:
        removal = {removal: np.zeros(1, bool)}
    if not isinstance(removal, Mapping):
        group = removal if isinstance(removal, Group) else coupling.group(removal)
        removal = {group.name: random_half(group)}
    batch = captured.example if inputs is None else inputs
    reference = _leaves(silence(captured, removal)(batch))
    args, kwargs = call_arguments(batch)
    with torch.no_grad():
        outputs = _leaves(remove(captured, removal).module(*args, **kwargs))
        dense = _leaves(captured.module(*args, **kwargs))
    normalised = any(coupling.group(name).normalised for name in divided(captured, removal)[0])
    error = _max_difference(outputs, reference)
    scale = max([1e-6, *(float(output.abs().max()) for output in reference if output.numel())])
    finite = bool(np.isfinite(error) and np.isfinite(scale))
    exact = all(output.dtype == torch.float64 for output in reference)
    limit = 1e-9 if exact else 1e-4
    effect = _max_difference(dense, reference)
    return LawReport(error, scale, finite and error <= limit * scale, limit, normalised, effect)


def _max_difference(outputs: list[Tensor], reference: list[Tensor]) -> float:
    """The largest absolute difference; infinite where shapes differ."""
    pairs = [(a, b) for a, b in zip(outputs, reference, strict=True) if a.numel()]
    return max(
        (float((a - b).abs().max()) if a.shape == b.shape else float("inf") for a, b in pairs),
        default=0.0,
    )


def _leaves(outputs: object) -> list[Tensor]:
    """All floating-point outputs, as float64 if any is."""
    leaves = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]
    return [leaf if leaf.is_floating_point() else leaf.double() for leaf in leaves]
