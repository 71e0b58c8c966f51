"""The network with the weights that a plan asks for, for a while."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from analysis.errors import DamagedFile
from analysis.planning.plan import Plan
from analysis.pruned import pruned
from analysis.recovery.batch_norm import recovered as recovery
from analysis.sources.weights import pour
from analysis.workbench import Workbench


@contextlib.contextmanager
def planned(
    bench: Workbench,
    plan: Plan,
    masks: Mapping[str, Tensor],
    tuned: Mapping[str, Tensor] | None = None,
) -> Iterator[nn.Module]:
    """Give the bench's network the weights of ``plan`` in the block, and take them back after.

    Args:
        bench: Its network is dense before and after.
        plan: Says which recovery follows the masks.
        masks: Of the plan, by parameter name.
        tuned: Fine-tuned weights that stand in for masks and recovery, or None.

    Raises:
        DataMismatch: Fine-tuned weights of another architecture.
        DamagedFile: Fine-tuned weights are not zero where the plan removes.
    """
    module = bench.network.module
    if tuned is None:
        with pruned(module, masks), recovery(bench, plan.recovery):
            yield module
        return
    before = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    try:
        pour(module, tuned, "the fine-tuned weights")
        _require_zeros(module, masks)
        yield module
    finally:
        with torch.no_grad():
            module.load_state_dict(before)


def _require_zeros(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    for name, keep in masks.items():
        alive = int((module.get_parameter(name)[~keep] != 0).sum())
        if alive:
            raise DamagedFile(
                "Expected fine-tuned weights to be zero where the plan removes, but "
                f"{alive} removed weights of {name} are not. Fine-tune the plan again."
            )
