"""The network with the weights that a plan asks for, for a while."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from analysis.errors import BadReference, DamagedFile
from analysis.planning.plan import Plan
from analysis.pruned import pruned
from analysis.recovery.batch_norm import recovered as recovery
from analysis.recovery.report import WEIGHTS, FineTuning, read_result, result_folder
from analysis.sources.weights import load_weights, pour
from analysis.workbench import Workbench


@contextlib.contextmanager
def planned(
    bench: Workbench, plan: Plan, masks: Mapping[str, Tensor], tuned: Path | None = None
) -> Iterator[nn.Module]:
    """Give the bench's network the weights of ``plan`` in the block, and take them back after.

    Args:
        bench: Its network is dense before and after.
        plan: Says which recovery follows the masks.
        masks: Of the plan, by parameter name.
        tuned: Fine-tuned weights that stand in for masks and recovery, or None.

    Raises:
        BadReference: No such weights.
        DamagedFile: Fine-tuned weights are not zero where the plan removes.
    """
    module = bench.network.module
    if tuned is None:
        with pruned(module, masks), recovery(bench, plan.recovery):
            yield module
        return
    tensors = load_weights(tuned)
    before = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    try:
        pour(module, tensors, str(tuned))
        _require_zeros(module, masks, tuned)
        yield module
    finally:
        with torch.no_grad():
            module.load_state_dict(before)


def tuned_weights(study: Path, plan: Plan) -> tuple[Path, FineTuning]:
    """Return the file with the fine-tuned weights of ``plan``, and how they were trained.

    Raises:
        BadReference: The plan was not fine-tuned.
        DamagedFile: The weights are not those that the training left.
    """
    folder = result_folder(study, plan)
    result, path = read_result(folder), folder / WEIGHTS
    if not path.is_file():
        raise BadReference(
            f"Expected fine-tuned weights in {path}, but there are none. Fine-tune the plan again."
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != result.weights_hash:
        raise DamagedFile(
            f"Expected {path} to have hash {result.weights_hash[:16]}, but got {found[:16]}. "
            "Fine-tune the plan again."
        )
    return path, result.settings


def _require_zeros(module: nn.Module, masks: Mapping[str, Tensor], source: Path) -> None:
    for name, keep in masks.items():
        alive = int((module.get_parameter(name)[~keep] != 0).sum())
        if alive:
            raise DamagedFile(
                f"Expected {source} to be zero where the plan removes, but {alive} removed "
                f"weights of {name} are not. Fine-tune the plan again."
            )
