"""Make the smaller model's ONNX file from the dense one's, in milliseconds instead of seconds.

Torch's exporter takes seconds for every model; the smaller one differs in the sizes of constants
and in a few attributes only. What comes out is used only after its outputs were compared with
the smaller network's, so an operator that this does not know costs time, never truth.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.coupling.labels import Dim
from prunescope.coupling.walk import BATCH
from prunescope.removal import Removal
from prunescope.removal.selection import Selection

Keep = tuple[np.ndarray | None, ...]
_SHAPED: Final = {
    "Reshape": ("view", "reshape", "flatten", "unflatten", "_unsafe_view"),
    "Expand": ("expand",),
}
"""ONNX operator → ATen operators that it stands for; their results come in the same order."""


class Resizer:
    """The dense model's ONNX file, ready to be made smaller.

    Args:
        captured: The dense network.
        path: Its ONNX file, as ``onnx_file.write`` makes it.
        batch: Samples per forward pass of what is made.
    """

    def __init__(self, captured: Captured, path: Path, batch: int) -> None:
        self._captured, self._batch = captured, batch
        self._model = onnx.load(str(path))
        self._arrays = {
            each.name: numpy_helper.to_array(each) for each in self._model.graph.initializer
        }
        self._nodes = {
            output: node
            for kind in _SHAPED
            for output, node in zip(self._made(kind), self._asked(kind), strict=False)
        }
        self._sources = self._find_sources()

    def smaller(self, removal: Removal) -> bytes:
        """Return the file of the network without what ``removal`` masks out."""
        selection = Selection(self._captured, removal)
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        del model.graph.value_info[:]
        arrays = {name: self._cut(name, array, selection) for name, array in self._arrays.items()}
        for node in model.graph.node:
            if node.op_type == "Conv":
                self._regroup(node, arrays)
            elif node.op_type in _SHAPED:
                self._reshape(node, arrays, selection)
        del model.graph.initializer[:]
        model.graph.initializer.extend(
            numpy_helper.from_array(array.copy(order="C"), name) for name, array in arrays.items()
        )
        made: bytes = model.SerializeToString()
        return made

    def _made(self, kind: str) -> list[str]:
        """The results of an operator, in order; the exporter's own steps are called val_N."""
        outputs = [str(n.output[0]) for n in self._model.graph.node if n.op_type == kind]
        return [name for name in outputs if not name.startswith("val_")]

    def _asked(self, kind: str) -> list[fx.Node]:
        nodes = [n for n in self._captured.module.graph.nodes if n.op == "call_function"]
        return [node for node in nodes if operator_name(node) in _SHAPED[kind]]

    def _find_sources(self) -> dict[str, tuple[str, bool]]:
        """For each constant the tensor that it comes from, and whether it is transposed."""
        state = {n: t.numpy(force=True) for n, t in self._captured.module.state_dict().items()}
        found: dict[str, tuple[str, bool]] = {}
        for name, array in self._arrays.items():
            base = name.removesuffix("_bias")
            if name in state and state[name].shape == array.shape:
                found[name] = (name, False)
            elif base in state and array.shape == state[base].shape[:1]:
                found[name] = (base, False)  # a batch norm folded into this convolution
            elif array.ndim == 2 and array.dtype.kind == "f":
                for own, tensor in state.items():
                    if tensor.shape == array.shape[::-1] and np.array_equal(tensor.T, array):
                        found[name] = (own, True)
                        break
        return found

    def _cut(self, name: str, array: np.ndarray, selection: Selection) -> np.ndarray:
        if name not in self._sources:
            return array
        source, transposed = self._sources[name]
        dims = selection.coupling.walk.parameters.get(source, ())
        ordered = dims[::-1] if transposed else dims
        for place, dim in enumerate(ordered[: array.ndim]):
            if selection.touches(dim):
                array = array.compress(selection.keep(dim), axis=place)
        return array

    def _regroup(self, node: Any, arrays: dict[str, np.ndarray]) -> None:
        """A depthwise convolution has as many groups as channels."""
        weight = node.input[1]
        for attribute in node.attribute:
            if attribute.name == "group" and weight in arrays and attribute.i > 1:
                attribute.i = attribute.i * arrays[weight].shape[0] // self._arrays[weight].shape[0]

    def _reshape(self, node: Any, arrays: dict[str, np.ndarray], selection: Selection) -> None:
        own = self._nodes.get(node.output[0])
        dims = selection.coupling.walk.dims(own) if own is not None else ()
        if not any(selection.touches(dim) for dim in dims):
            return
        sizes = [self._size(dim, selection, node.op_type == "Reshape") for dim in dims]
        name = f"{node.output[0]}_size"
        arrays[name] = np.array(sizes, np.int64)
        node.input[1] = name

    def _size(self, dim: Dim, selection: Selection, inferred: bool) -> int:
        size = dim.size
        if selection.touches(dim) and dim.labels is not None:
            size = dim.size // len(dim.labels) * selection.count(dim)
        if size % BATCH:
            return size
        return -1 if inferred else size // BATCH * self._batch


def agrees(outputs: Any, wanted: Any) -> bool:
    """Return whether arrays are the tensors ``wanted``, up to a thousandth of their scale."""
    pairs = list(zip(outputs, wanted, strict=False))
    if len(outputs) != len(wanted):
        return False
    for found, tensor in pairs:
        expected = tensor.numpy(force=True)
        if found.shape != expected.shape:
            return False
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
        if not np.abs(found - expected).max(initial=0.0) <= 1e-3 * scale:
            return False
    return True


def leaves(outputs: Any) -> list[torch.Tensor]:
    """Return the tensors in ``outputs`` in order."""
    return [x for x in torch.utils._pytree.tree_leaves(outputs) if isinstance(x, torch.Tensor)]
