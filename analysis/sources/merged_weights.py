"""Weights that training kept in parts, as the one tensor that a network without those parts has.

* pruning of ``torch.nn.utils.prune``: ``weight_orig`` × ``weight_mask``;
* weight norm, old (``weight_g``, ``weight_v``) and as a parametrization (``original0``,
  ``original1``): the direction at the length;
* spectral norm, old (``weight_orig``, ``weight_u``, ``weight_v``) and as a parametrization
  (``original``, ``0._u``, ``0._v``): the matrix over its largest singular value.
"""

import re
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

_PARAMETRIZED: Final = re.compile(r"(.*?)parametrizations\.(\w+)\.(original[01]?|0\._[uv])")


def merged(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return ``tensors`` with parts merged, unless the network ``own`` has such parts itself.

    Args:
        tensors: By name, as they were saved, perhaps behind a prefix.
        own: The network's state.
    """
    whole = dict(tensors)
    last = {name.rpartition(".")[2] for name in own}
    if not any(name.endswith("_orig") for name in last):
        for name in [name for name in tensors if name.endswith("_orig")]:
            _merge_old(whole, name.removesuffix("_orig"))
    for name in [name for name in tensors if name.endswith("_g")]:
        base = name.removesuffix("_g")
        if base.rpartition(".")[2] in last and f"{base}_v" in whole:
            whole[base] = _at_length(whole.pop(f"{base}_v"), whole.pop(name))
    if not any("parametrizations." in name for name in own):
        _merge_all_parametrized(whole)
    return whole


def _merge_all_parametrized(whole: dict[str, Tensor]) -> None:
    """Parametrizations of ``torch.nn.utils``, in place, as far as what they compute is known."""
    groups: dict[str, dict[str, str]] = {}
    for name in whole:
        match = _PARAMETRIZED.fullmatch(name)
        if match is not None:
            groups.setdefault(f"{match[1]}{match[2]}", {})[match[3]] = name
    for base, parts in groups.items():
        made = _merge_parametrized({part: whole[name] for part, name in parts.items()})
        if made is not None:
            for name in parts.values():
                del whole[name]
            whole[base] = made


def _merge_old(whole: dict[str, Tensor], base: str) -> None:
    """Pruning and spectral norm of ``torch.nn.utils``, in place."""
    original, mask = whole[f"{base}_orig"], whole.get(f"{base}_mask")
    if mask is not None and mask.shape == original.shape:
        whole[base] = original * mask.to(original.dtype)
        del whole[f"{base}_orig"], whole[f"{base}_mask"]
        return
    left, right = whole.get(f"{base}_u"), whole.get(f"{base}_v")
    if left is not None and right is not None:
        whole[base] = _over_singular_value(original, left, right)
        for part in ("orig", "u", "v"):
            del whole[f"{base}_{part}"]


def _merge_parametrized(parts: Mapping[str, Tensor]) -> Tensor | None:
    """The weight that a parametrization made of its parts; None where nobody can tell."""
    if set(parts) == {"original0", "original1"}:
        return _at_length(parts["original1"], parts["original0"])
    if set(parts) == {"original", "0._u", "0._v"}:
        return _over_singular_value(parts["original"], parts["0._u"], parts["0._v"])
    return None


def _at_length(direction: Tensor, length: Tensor) -> Tensor:
    """``length · direction / |direction|``, the norm over every dimension where length has 1."""
    if length.ndim != direction.ndim:
        whole: Tensor = torch.linalg.vector_norm(direction)
        return direction * (length / whole)
    dimensions = [place for place, size in enumerate(length.shape) if size == 1]
    dimensions = [place for place in dimensions if direction.shape[place] != 1] or dimensions
    norms: Tensor = torch.linalg.vector_norm(direction, dim=dimensions, keepdim=True)
    return direction * (length / norms)


def _over_singular_value(matrix: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """The weight over its largest singular value, as training estimated it; outputs come first."""
    flat = matrix.flatten(1)
    if (len(left), len(right)) != tuple(flat.shape):
        flat = matrix.transpose(0, 1).flatten(1)  # a transposed convolution's outputs come second
    return matrix / torch.dot(left, flat @ right)
