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
"""Relative difference of a score among other samples, as rounding may make it."""


def checked_metric(name: str, function: Callable[..., Any]) -> Scoring:
    """Return ``function`` as a score that is one real number per sample, or a sentence.

    At its first call on two samples or more it is asked once more about the first half alone: a
    score that changes with the other samples of its batch is an average, and no sample's own.
    """
    alone = False

    def score(outputs: Any, targets: Any) -> Tensor:
        nonlocal alone
        values = _called(name, function, outputs, targets)
        if not alone and len(values) > 1:
            alone = True
            _require_own(name, function, outputs, targets, values)
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
    name: str, function: Callable[..., Any], outputs: Any, targets: Any, values: Tensor
) -> None:
    """Raise ``BadValue`` when the first half's scores are others among all than alone."""
    count = len(values)
    half = max(count // 2, 1)

    def cut(leaf: Any) -> Any:
        whole = isinstance(leaf, Tensor) and leaf.ndim and len(leaf) == count
        return leaf[:half] if whole else leaf

    try:
        alone = _called(name, function, *pytree.tree_map(cut, (outputs, targets)))
    except PrunescopeError:
        return  # it cannot be asked about fewer; then its shape is all that is known
    among = values[:half]
    same = torch.isclose(alone, among, rtol=_ROOM, atol=1e-5, equal_nan=True)
    if len(alone) == half and not bool(same.all()):
        row = int((~same).nonzero()[0])
        raise BadValue(
            f"Expected metric {name} to score each sample by itself, but sample {row} gets "
            f"{float(among[row]):.4g} among {count} samples and {float(alone[row]):.4g} among "
            f"{half}. Do not average over samples, and draw nothing at random."
        )
