"""Real-valued outputs beside their targets: what errors of regressions are made of."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.commands import next_steps
from prunescope.errors import DataMismatch


def real_pairs(outputs: Any, targets: Any, name: str) -> tuple[Tensor, Tensor]:
    """Return outputs and targets as ``(n, values)`` float32, on the outputs' device.

    The output is a tensor, or the first real one of several.

    Raises:
        DataMismatch: No real output, or another number of values than targets.
    """
    values = outputs
    if not isinstance(values, Tensor):
        leaves = pytree.tree_leaves(dict(values) if isinstance(values, Mapping) else values)
        values = next((x for x in leaves if isinstance(x, Tensor) and x.is_floating_point()), None)
    if not isinstance(values, Tensor) or not isinstance(targets, Tensor):
        raise DataMismatch(
            f"Expected a real output and a tensor of targets for {name}, but the model returns "
            f"{type(outputs).__name__} and the targets are {type(targets).__name__}. Name your own "
            f"metric: {next_steps.own_metric()}."
        )
    if len(values) != len(targets) or values.numel() != targets.numel():
        raise DataMismatch(
            f"Expected as many targets as outputs for {name}, but got {tuple(targets.shape)} "
            f"targets for outputs of shape {tuple(values.shape)}. Give one target per value."
        )
    own = values.float().reshape(len(values), -1)
    return own, targets.to(own.device, non_blocking=True).float().reshape(own.shape)
