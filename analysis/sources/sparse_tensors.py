"""Tensors that are mostly zeros, in fewer bytes: values, and where they stand. Exact to the bit.

A safetensors file that holds such tensors names them in its note ``sparse``, as JSON: name →
``shape`` and ``by``. The values that are not zero stand under the tensor's name, their places
beside, under ``NAME|places``: by ``bits`` one bit for each element, or by ``gaps`` one byte for
each value, which counts the zeros before it (255: 255 zeros, and no value). A negative zero is a
value: its bits are not all zero.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from prunescope.errors import DamagedFile
from prunescope.fence.json_text import integer, items, mapping, parsed, struct, text
from prunescope.fence.refusal import Refusal

NOTE: Final = "sparse"
_PLACES: Final = "|places"
_WORDS: Final = {
    torch.float64: torch.int64, torch.float32: torch.int32, torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
}  # fmt: skip
_WORTH: Final = 0.9
"""Of a tensor's dense bytes, from which on it stays as it is."""
_described = mapping(
    text(1000), struct({"shape": items(integer(0, 1 << 40), 64), "by": text(4)}), 1_000_000
)


@dataclass(frozen=True)
class SparseTensors:
    """What a file holds.

    Attributes:
        stored: Its tensors by the names that they have in the file.
        note: What its metadata say under ``NOTE``.
    """

    stored: dict[str, Tensor]
    note: str

    @property
    def bytes(self) -> int:
        """Of all tensors in the file."""
        return sum(each.numel() * each.element_size() for each in self.stored.values())


def sparse_tensors(tensors: Mapping[str, Tensor]) -> SparseTensors:
    """Return ``tensors`` as they are stored, each in the way that takes the fewest bytes."""
    stored: dict[str, Tensor] = {}
    described: dict[str, dict[str, object]] = {}
    for name, tensor in tensors.items():
        word = _WORDS.get(tensor.dtype)
        stored[name] = tensor.contiguous()
        if word is None:
            continue
        flat = stored[name].reshape(-1)
        filled = (flat.view(word) != 0).numpy()
        encodings = {"bits": np.packbits(filled), "gaps": _gaps(filled)}
        by = min(encodings, key=lambda kind: encodings[kind].nbytes)
        values = int(filled.sum()) * tensor.element_size()
        if encodings[by].nbytes + values < _WORTH * len(flat) * tensor.element_size():
            stored[name] = flat[torch.from_numpy(filled)].clone()
            stored[name + _PLACES] = torch.from_numpy(encodings[by])
            described[name] = {"shape": list(tensor.shape), "by": by}
    return SparseTensors(stored, json.dumps(described, sort_keys=True))


def dense_tensors(stored: "dict[str, Tensor]", described: "dict[str, Any]") -> "dict[str, Tensor]":
    """Return a file's tensors by name, dense; ``described`` is its note ``sparse``, parsed."""
    import numpy as np
    import torch

    tensors = {name: each for name, each in stored.items() if not name.endswith("|places")}
    for name, entry in described.items():
        marks = stored[name + "|places"].numpy()
        if entry["by"] == "bits":
            places = np.flatnonzero(np.unpackbits(marks))
        else:
            ends = np.cumsum(np.where(marks == 255, 255, marks.astype(np.int64) + 1))
            places = ends[marks < 255] - 1
        dense = torch.zeros(int(np.prod(entry["shape"])), dtype=stored[name].dtype)
        dense[torch.from_numpy(places)] = stored[name]
        tensors[name] = dense.reshape(entry["shape"])
    return tensors


def dense_again(path: Path, stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors ``stored`` in ``path``, those that its note names made dense.

    Raises:
        DamagedFile: The note does not fit the tensors, or claims more than they can mean.
    """
    with safe_open(path, "pt") as file:
        note = (file.metadata() or {}).get(NOTE)
    if note is None:
        return stored
    try:
        described = parsed(note.encode(), len(note) + 1)
        _described(described)
        for name, entry in described.items():
            _require_fitting(name, entry, stored)
    except Refusal as refusal:
        raise DamagedFile(
            f"Expected {path} to say where its values stand, but {refusal.reason}. Export it again."
        ) from refusal
    return dense_tensors(stored, described)


def _require_fitting(name: str, entry: Mapping[str, Any], stored: Mapping[str, Tensor]) -> None:
    """Places say how many elements there are, so that no file claims more memory than that."""
    values, places = stored.get(name), stored.get(name + _PLACES)
    if values is None or places is None or values.ndim != 1 or places.dtype != torch.uint8:
        raise Refusal(f"{name} has no values or no places", damage=True)
    marks, elements = places.reshape(-1).numpy(), math.prod(entry["shape"])
    if entry["by"] == "bits":
        filled = np.flatnonzero(np.unpackbits(marks))
        fits = marks.size == -(-elements // 8) and (not filled.size or filled[-1] < elements)
        count = filled.size
    else:
        reach = int(np.where(marks == 255, 255, marks.astype(np.int64) + 1).sum())
        fits = entry["by"] == "gaps" and 0 <= elements - reach < 255
        count = int((marks < 255).sum())
    if not fits or count != values.numel():
        raise Refusal(f"the places of {name} do not fit its shape or its values", damage=True)


def _gaps(filled: np.ndarray) -> np.ndarray:
    """For each value the zeros before it, and at the end 255s for what follows the last one."""
    places = np.flatnonzero(filled)
    zeros = np.diff(places, prepend=-1) - 1
    rest = (filled.size - 1 - (int(places[-1]) if places.size else -1)) // 255
    ends = np.cumsum(zeros // 255 + 1) if places.size else np.zeros(0, np.int64)
    marks = np.full((int(ends[-1]) if places.size else 0) + rest, 255, np.uint8)
    marks[ends - 1] = zeros % 255
    return marks
