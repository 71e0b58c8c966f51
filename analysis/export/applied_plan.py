"""The network with the weights that a plan asks for, for a while."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks, select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import DamagedFile
from prunescope.export.recipe import LayerCount, UnitRemoval
from prunescope.recovery import recovered
from prunescope.sources.weights import pour
from prunescope.study.plan import Plan


def selection_of(bench: Workbench, plan: Plan) -> PruningMasks:
    """Return what ``plan`` keeps of the bench's network: masks of weights, units of groups."""
    return select(plan, Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss))


@contextlib.contextmanager
def planned(
    bench: Workbench,
    plan: Plan,
    selection: PruningMasks,
    tuned: Mapping[str, Tensor] | None = None,
) -> Iterator[nn.Module]:
    """Yield the network that ``plan`` asks for; the bench's own is dense again after the block.

    Args:
        bench: Its network is dense before and after.
        plan: Says which recovery follows the pruning.
        selection: Of the plan; with units it yields a smaller module.
        tuned: Fine-tuned weights, after which no recovery follows, or None.

    Raises:
        DataMismatch: Fine-tuned weights of another architecture.
        DamagedFile: Fine-tuned weights are not zero where the plan removes.
    """
    with selected(bench.network, selection) as module:
        zeros = zero_places(module, selection)
        if tuned is None:
            with recovered(bench, plan.recovery, module, selection):
                yield module
            return
        before = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        try:
            pour(module, tuned, "the fine-tuned weights")
            _require_zeros(module, zeros)
            yield module
        finally:
            with torch.no_grad():
                module.load_state_dict(before)


def zero_places(module: nn.Module, selection: PruningMasks) -> dict[str, Tensor]:
    """Return where ``module``, just pruned, is zero because of a mask: bool by parameter name.

    Where units are gone as well, the mask's own shape is of no use: the smaller weight's zeros
    are what is left of it.
    """
    if not selection.units:
        return {name: ~keep for name, keep in selection.masks.items()}
    return {name: module.get_parameter(name).detach() == 0 for name in selection.masks}


def layer_counts(bench: Workbench, selection: PruningMasks) -> tuple[LayerCount, ...]:
    """Return how many weights ``selection`` zeroes in each layer, in forward order."""
    masks = selection.masks
    return tuple(
        LayerCount(
            layer.name,
            layer.parameter,
            masks[layer.parameter].numel() - int(masks[layer.parameter].sum()),
            masks[layer.parameter].numel(),
        )
        for layer in bench.network.prunable()
        if layer.parameter in masks
    )


def unit_removals(plan: Plan, selection: PruningMasks) -> tuple[UnitRemoval, ...]:
    """Return which units of which groups ``selection`` removes."""
    return tuple(
        UnitRemoval(
            name,
            plan.choices[name].granularity,
            tuple((~keep).nonzero().flatten().tolist()),
            len(keep),
        )
        for name, keep in sorted(selection.units.items())
    )


def _require_zeros(module: nn.Module, zeros: Mapping[str, Tensor]) -> None:
    for name, removed in zeros.items():
        alive = int((module.get_parameter(name)[removed] != 0).sum())
        if alive:
            raise DamagedFile(
                "Expected fine-tuned weights to be zero where the plan removes, but "
                f"{alive} removed weights of {name} are not. Fine-tune the plan again."
            )
