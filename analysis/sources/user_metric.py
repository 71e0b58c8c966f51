"""A metric of the user's own: a function of outputs and targets, checked at every call.

What its numbers are, it may say in attributes: ``score.unit = "nats"``,
``score.higher_is_better = False``, ``score.least = 0``, ``score.most = 1``, ``score.decimals = 3``.
"""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.ragged import cut_sample
from prunescope.errors import BadValue, PrunescopeError
from prunescope.study.metric_summary import PERCENT, MetricSummary
from prunescope.user_code.guard import guarded

Scoring = Callable[[Any, Any], Tensor]
"""``(outputs, targets) → (n,)`` scores, as their author wrote them."""

_DECLARED: Final = {
    "unit": str, "higher_is_better": bool, "least": float, "most": float, "decimals": int,
}  # fmt: skip
"""What a function may say about its numbers, and the types of that."""
_MOST_DECIMALS: Final = 10

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


def declared_summary(name: str, function: Callable[..., Any]) -> tuple[MetricSummary, bool]:
    """Return what ``function`` says about its numbers, and whether it says anything.

    A function that says nothing is taken for one whose scores are between 0 and 1, more being
    better. One that names a unit, or a direction, is not.

    Args:
        name: Its reference.
        function: With the attributes ``unit``, ``higher_is_better``, ``least``, ``most`` and
            ``decimals``, or some of them.

    Raises:
        BadValue: An attribute is of another type.
    """
    short = name.rpartition(":")[2].partition("#")[0]
    said = {key: getattr(function, key) for key in _DECLARED if hasattr(function, key)}
    said = {key: value for key, value in said.items() if value is not None}
    for key, value in said.items():
        kind = _DECLARED[key]
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not (number or type(value) is kind) or (
            key == "decimals" and not 0 <= value <= _MOST_DECIMALS
        ):
            raise BadValue(
                f"Expected {key} of metric {name} to be a {kind.__name__}, but got {value!r}. Set "
                "for example score.unit = 'nats' and score.higher_is_better = False."
            )
    if not said:
        return MetricSummary(short), False
    unit = said.get("unit", "")
    share = unit == PERCENT
    return MetricSummary(
        short,
        unit,
        said.get("higher_is_better", True),
        said.get("least", 0.0 if share else None),
        said.get("most", 1.0 if share else None),
        said.get("decimals", 2 if share else None),
    ), True


def _called(name: str, function: Callable[..., Any], outputs: Any, targets: Any) -> Tensor:
    with guarded(
        f"metric {name} to score the outputs", "Mend the function.", doing=f"scoring by {name}"
    ):
        values = function(outputs, targets)
    tensors = [x for x in pytree.tree_leaves(targets) if hasattr(x, "__len__")]
    count = len(tensors[0]) if tensors else None
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

    try:
        alone = _called(name, function, *cut_sample((outputs, targets), part, count))
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
