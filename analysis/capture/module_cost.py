"""The cost of a model that has no graph: counted while it runs on one sample."""

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode

from prunescope.capture.cost import Cost
from prunescope.capture.graph import Inputs, call_arguments, copy_inputs
from prunescope.errors import DataMismatch
from prunescope.user_code.guard import guarded


def module_cost(model: nn.Module, sample: Inputs) -> Cost:
    """Return what ``model`` costs for one sample, without its activations, which nobody sees.

    Args:
        model: In evaluation mode; it is run once.
        sample: A batch of one sample.

    Returns:
        ``macs_by_node`` holds dotted module names, each with all that runs inside of it.
    """
    counter = FlopCounterMode(display=False)
    args, kwargs = call_arguments(copy_inputs(sample))
    try:
        with (
            torch.no_grad(),
            guarded("the model to run on one sample", "Check its data.", DataMismatch),
            counter,
        ):
            model(*args, **kwargs)
        counts = counter.get_flop_counts()
    except DataMismatch:  # it may need more than one sample; then its cost stays unknown
        counts = {}
    macs = {name: sum(by_operator.values()) // 2 for name, by_operator in counts.items()}
    own = type(model).__name__
    parameters = list(model.parameters())
    saved = set(model.state_dict()) - {
        name for name, _ in model.named_parameters(remove_duplicate=False)
    }
    buffers = [buffer for name, buffer in model.named_buffers() if name in saved]
    return Cost(
        parameters=sum(p.numel() for p in parameters),
        buffers=sum(b.numel() for b in buffers),
        bytes=_bytes([*parameters, *buffers]),
        macs=macs.get("Global", 0),
        macs_by_node={
            name.removeprefix(f"{own}."): number
            for name, number in macs.items()
            if name.startswith(f"{own}.")
        },
        activation_bytes=0,
        output_bytes={},
        uncounted=(),
    )


def _bytes(tensors: list[Tensor]) -> int:
    leaves = pytree.tree_leaves(tensors)
    return sum(leaf.numel() * leaf.element_size() for leaf in leaves)
