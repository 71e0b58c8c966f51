"""A metric of the user's own: a function of outputs and targets, checked at every call."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.errors import BadValue, PrunescopeError
from prunescope.user_code.guard import guarded

Scoring = Callable[[Any, Any], Tensor]
"""``(outputs, targets) → (n,)`` scores, higher is better."""

_ROOM: Final = 1e-3
_SMALL: Final = 1e-4
"""Relative and absolute difference of a score among other samples, as rounding may make it."""
_CHECKS: Final = 4
"""Calls at which that is looked at: the first batch may be scored alike all over."""


def checked_metric(name: str, function: Callable[..., Any]) -> Scoring:
    """Return ``function`` as a score that is one real number per sample, or a sentence.

    At its first calls it is asked once more about the first sample and about the second half
    alone: a score that changes with the other samples of its batch is no sample's own.
    """
    checks = 0

    def score(outputs: Any, targets: Any) -> Tensor:
        nonlocal checks
        values = _called(name, function, outputs, targets)
        if checks < _CHECKS and len(values) > 1:
            checks += 1
            for part in (slice(0, 1), slice(len(values) // 2, None)):
                _require_own(name, function, outputs, targets, values, part)
        return values

    return score


def _called(name: str, function: Callable[..., Any], outputs: Any, targets: Any) -> Tensor:
    with guarded(
        f"metric {name} to score the outputs", "Mend the function.", doing=f"scoring by {name}"
    ):
        values = function(outputs, targets)
    count = len(targets) if targets is not None else None
    if not isinstance(values, Tensor) or values.ndim != 1 or count not in (None, len(values)):
        got = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise BadValue(
            f"Expected metric {name} to return one score per sample, a tensor of shape "
            f"({count},), but got {got}. Do not average over samples."
        )
    if values.is_complex():
        raise BadValue(
            f"Expected metric {name} to return real numbers, but got {values.dtype}. Take the "
            "real part or .abs()."
        )
    if values.layout != torch.strided or values.is_quantized or values.device.type == "meta":
        raise BadValue(
            f"Expected metric {name} to return a dense tensor with values, but got "
            f"{str(values.layout).removeprefix('torch.')} on {values.device}. Return a plain one."
        )
    return values.detach().float()


def _require_own(
    name: str,
    function: Callable[..., Any],
    outputs: Any,
    targets: Any,
    values: Tensor,
    part: slice,
) -> None:
    """Raise ``BadValue`` when the scores of ``part`` are others among all samples than alone."""
    count = len(values)

    def cut(leaf: Any) -> Any:
        whole = isinstance(leaf, Tensor) and leaf.ndim and len(leaf) == count
        return leaf[part] if whole else leaf

    try:
        alone = _called(name, function, *pytree.tree_map(cut, (outputs, targets)))
    except PrunescopeError:
        return  # it cannot be asked about fewer; then its shape is all that is known
    among = values[part]
    if len(alone) != len(among):
        return
    same = torch.isclose(alone, among, rtol=_ROOM, atol=_SMALL, equal_nan=True)
    if not bool(same.all()):
        row = int((~same).nonzero()[0])
        raise BadValue(
            f"Expected metric {name} to score each sample by itself, but one gets "
            f"{float(among[row]):.4g} among {count} samples and {float(alone[row]):.4g} among "
            f"{len(alone)}. Do not average over samples, and draw nothing at random."
        )
