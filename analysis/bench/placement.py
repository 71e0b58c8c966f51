"""Place a captured network on a device, in place, and bring it back.

Capturing happens in main memory, so the graph names the processor wherever the model makes a tensor
of its own (``arange(..., device=cpu)``); on another device these arguments name that one.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import torch
from torch import fx

from prunescope.bench.device import HOST, device_of, move, queues, round_factors
from prunescope.capture.graph import constants
from prunescope.capture.network import Network
from prunescope.sources.data import Splits

_Value = TypeVar("_Value")


def place(network: Network, device: torch.device) -> Network:
    """Return ``network`` on ``device``; its module is moved in place, and nodes stay the same.

    Args:
        network: Its parameters keep their identity; buffers and constants are replaced.
        device: Where it computes from now on.
    """
    if device_of(network.module) == device:
        return network
    if queues(device):
        round_factors(False)
    move(network.module, device)
    if network.captured is None:
        return network
    name_device(network.captured.module, device)
    example = move(network.captured.example, device)
    return replace(network, captured=replace(network.captured, example=example))


def name_device(module: fx.GraphModule, device: torch.device) -> None:
    """Let the operators of ``module`` that make tensors of their own make them on ``device``.

    Constants of the graph, which are neither parameters nor buffers, are moved there.
    """
    for node in module.graph.nodes:
        node.args = fx.node.map_aggregate(node.args, lambda value: _there(value, device))
        node.kwargs = fx.node.map_aggregate(node.kwargs, lambda value: _there(value, device))
    for name, tensor in constants(module).items():
        if tensor.device != device:
            setattr(module, name, tensor.to(device))
    module.recompile()


def place_splits(splits: Splits, device: torch.device) -> Splits:
    """Return ``splits`` with calibration samples on ``device``, which criteria and refits reread.

    Validation and test samples stay in main memory: they go to the device batch by batch, so that
    its memory does not limit their number.
    """
    if device == HOST:
        return splits
    own = splits.calibration
    there = replace(own, inputs=move(own.inputs, device), targets=move(own.targets, device))
    return replace(splits, calibration=there)


@contextlib.contextmanager
def in_main_memory(network: Network) -> Iterator[Network]:
    """Yield ``network`` in main memory, to be written to a file, and move it back afterwards."""
    device = device_of(network.module)
    if device == HOST:
        yield network
        return
    here = place(network, HOST)
    try:
        yield here
    finally:
        place(here, device)


def _there(value: _Value, device: torch.device) -> _Value | torch.device:
    return device if isinstance(value, torch.device) else value
