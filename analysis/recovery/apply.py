"""Apply a recovery to a pruned network, and undo it afterwards; all recoveries start here."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.originals import originals
from prunescope.errors import BadValue, UnknownName
from prunescope.recovery.batch_norm import SAMPLES, reestimate
from prunescope.recovery.distil import distil
from prunescope.recovery.least_squares.in_order import refit_in_order
from prunescope.study.recoveries import RECOVERIES


@contextlib.contextmanager
def recovered(
    bench: Workbench,
    recovery: str,
    pruned: nn.Module | None = None,
    selection: PruningMasks | None = None,
) -> Iterator[None]:
    """Apply ``recovery`` to the bench's network as it is now, and undo it after the block.

    Args:
        bench: The inputs of its calibration split are read, no labels.
        recovery: One of ``RECOVERIES``. ``bn`` re-estimates batch norm; ``ls`` is least squares
            towards the dense model's outputs; ``refit`` the same through activations and sums;
            ``distil`` trains for a few steps after that. These three leave a dense model as it is.
        pruned: What ``selected`` yielded for ``selection``; None for the bench's own network.
        selection: What was pruned; all but ``bn`` need it, None or empty is the dense model.

    Raises:
        UnknownName: No such recovery.
        CannotPrune: ``bn`` for a network without batch norm, the others for one without a
            graph or for a layer that they have no rule for.
    """
    if recovery not in RECOVERIES:
        raise UnknownName.among("recovery", recovery, RECOVERIES)
    if recovery == "none":
        yield
        return
    module = bench.network.module if pruned is None else pruned
    before = {name: tensor.detach().clone() for name, tensor in _tensors(module).items()}
    try:
        if recovery == "bn":
            reestimate(module, bench.splits.calibration.chunk(0, SAMPLES))
        else:
            _refit(bench, module, selection, recovery)
        yield
    finally:
        with torch.no_grad():
            for name, tensor in _tensors(module).items():
                tensor.copy_(before[name])


def _refit(
    bench: Workbench, module: nn.Module, selection: PruningMasks | None, recovery: str
) -> None:
    """Refit in forward order, whether a curve's point or a plan of many subjects is pruned."""
    if selection is None or not (selection.masks or selection.units):
        if module is not bench.network.module or originals(module):
            raise BadValue(
                f"Expected what was pruned for recovery {recovery}, but got the pruned network "
                "alone. Pass its selection."
            )
        return
    if recovery == "distil":
        distil(bench, module, selection)
    else:
        refit_in_order(bench, module, selection, through=recovery == "refit")


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    return dict(module.named_buffers()) | dict(module.named_parameters())
