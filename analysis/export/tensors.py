"""The tensors that an export carries: their names, their hash, and where they are zero."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn


def saved_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return copies of ``module``'s parameters and saved buffers by their original names.

    A tied weight stands under each of its names, so that ``load_state_dict`` finds them all.
    """
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in module.state_dict().items()
    }


def tensor_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Return the bytes of ``tensors``, dense."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def weights_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Return a hash of names, types, shapes and bits of ``tensors``, whatever their order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        bits = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(bits.numpy().data)
    return digest.hexdigest()


def zero_patterns(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return, for every tensor of two or more dimensions, a bool array: True where it is zero."""
    return {name: (tensor == 0).numpy() for name, tensor in tensors.items() if tensor.ndim > 1}
