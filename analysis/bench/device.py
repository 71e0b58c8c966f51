"""The device that computes: the one place that chooses it, moves tensors to it, and waits for it.

Rooms below this one (capture, removal, criteria, sources) know no device: they compute where the
tensors lie that they are given. Inputs are moved here once, in ``prepare``; what measurements are
made of (scores, entropies, log-probabilities, targets) lies in main memory.

A further kind of device is a name in ``DEVICES``, a line in ``choose_device`` and, where its
calls return before they are done, one in ``synchronize``.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.export.passes import move_to_device_pass
from torch.utils import _pytree as pytree

from prunescope.errors import UnknownName

HOST: Final = torch.device("cpu")
"""Main memory, and the processor beside it."""
AUTO: Final = "auto"
DEVICES: Final = (AUTO, "cpu")
"""Names that a user can give."""

_Tree = TypeVar("_Tree")
_Result = TypeVar("_Result")


def choose_device(name: str = AUTO) -> torch.device:
    """Return the device called ``name``; ``auto`` is the fastest one that is supported here.

    Raises:
        UnknownName: There is no such device; the message names the closest one.

    >>> choose_device("auto")
    device(type='cpu')
    """
    if name not in DEVICES:
        raise UnknownName.among("device", name, DEVICES)
    return HOST


def device_of(tensors: nn.Module | Iterable[object]) -> torch.device:
    """Return where a module's tensors lie, or the first tensor among values; without any, HOST."""
    if isinstance(tensors, nn.Module):
        tensors = (*tensors.parameters(), *tensors.buffers())
    return next((each.device for each in tensors if isinstance(each, Tensor)), HOST)


def move(tree: _Tree, device: torch.device) -> _Tree:
    """Return ``tree`` (nested inputs, a module, moved in place, or a program) on ``device``.

    What lies there already is not copied.
    """
    if isinstance(tree, nn.Module):
        return tree.to(device)
    if isinstance(tree, torch.export.ExportedProgram):
        return cast(_Tree, tree if device == HOST else move_to_device_pass(tree, device))
    moved: _Tree = pytree.tree_map(lambda x: x.to(device) if isinstance(x, Tensor) else x, tree)
    return moved


def on_host(tensor: Tensor) -> Tensor:
    """Return ``tensor`` in main memory without its gradient; no copy where it lies there."""
    return tensor.detach().to(HOST)


def synchronize(device: torch.device) -> None:
    """Wait until everything is done that was given to ``device``; the processor never queues."""
    if device.type != HOST.type:
        torch.accelerator.synchronize(device)


def synchronised(call: Callable[[], _Result], device: torch.device) -> Callable[[], _Result]:
    """Return ``call`` as a call that is done when it returns, so that a clock can time it."""
    if device.type == HOST.type:
        return call

    def complete() -> _Result:
        result = call()
        synchronize(device)
        return result

    return complete


def parallel_calls(device: torch.device) -> int:
    """Return how many calls may compute at once: torch's threads here, one elsewhere."""
    return torch.get_num_threads() if device.type == HOST.type else 1
