"""The tensors that an export carries: their names, their hash, and where they are zero."""

import hashlib
from collections.abc import Mapping
from operator import attrgetter

import numpy as np
import torch
from torch import Tensor, fx, nn

from prunescope.bench.device import on_host


def saved_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return copies of ``module``'s parameters and saved buffers by their original names.

    A tied weight stands under each of its names, so that ``load_state_dict`` finds them all.
    """
    return {
        name: on_host(tensor).clone(memory_format=torch.contiguous_format)
        for name, tensor in module.state_dict().items()
    }


def unsaved_tensors(module: fx.GraphModule) -> dict[str, Tensor]:
    """Return by name the tensors that the graph reads and ``saved_tensors`` lacks, not copied.

    Buffers that are not persistent, and constants: a tensor that is an attribute or a literal.
    """
    saved = {id(tensor) for tensor in module.state_dict(keep_vars=True).values()}
    targets = {str(node.target) for node in module.graph.nodes if node.op == "get_attr"}
    read = {name: attrgetter(name)(module) for name in sorted(targets)}
    return {
        name: value
        for name, value in read.items()
        if isinstance(value, Tensor) and id(value) not in saved
    }


def tensor_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Return the bytes of ``tensors``, dense."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def weights_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Return a hash of names, types, shapes and bits of ``tensors``, whatever their order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        bits = on_host(tensor).contiguous().reshape(-1).view(torch.uint8)
        digest.update(bits.numpy().data)
    return digest.hexdigest()


def zero_patterns(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return, for every tensor of two or more dimensions, a bool array: True where it is zero."""
    return {name: (tensor == 0).numpy() for name, tensor in tensors.items() if tensor.ndim > 1}
