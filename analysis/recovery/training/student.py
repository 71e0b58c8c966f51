"""The network that is trained: a copy of its own with a plan applied, and what stays zero in it."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks, selected
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.recovery.apply import recovered


def make_student(bench: Workbench, recovery: str, selection: PruningMasks) -> nn.Module:
    """Return a copy of the bench's network with only ``selection`` left, after ``recovery``.

    Every real parameter of it takes gradients.

    Raises:
        CannotPrune: The model cannot be copied, or units leave one without a graph.
    """
    with selected(bench.network, selection) as left, recovered(bench, recovery, left, selection):
        try:
            student = copy.deepcopy(left)
        except Exception as error:
            raise CannotPrune(
                f"Expected a model that can be copied to fine-tune it, but copying raised "
                f"{type(error).__name__}: {error}. Fine-tune the exported weights instead."
            ) from error
    for parameter in student.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return student


def masks_of(student: nn.Module, selection: PruningMasks) -> Mapping[str, Tensor]:
    """Return what stays, by parameter: True = keep; in a smaller weight, what is not zero now."""
    if not selection.units:
        return selection.masks
    return {name: student.get_parameter(name).detach() != 0 for name in selection.masks}


def elements(module: nn.Module) -> int:
    """Return how many parameters the module has, tied ones counted once."""
    return sum(parameter.numel() for parameter in {id(p): p for p in module.parameters()}.values())


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """Return the state dict as it is written into a file."""
    with torch.no_grad():
        return {n: t.detach().clone().contiguous() for n, t in module.state_dict().items()}
