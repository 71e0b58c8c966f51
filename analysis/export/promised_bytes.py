"""Whether a file is as small as was promised: tensors alone, or with a graph beside them."""

from pathlib import Path
from typing import Any, Final

from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.export.export_report import Check
from prunescope.export.promise import Promise
from prunescope.text.numbers import exact

_NODE_BYTES: Final = 8 << 10
_FIXED_BYTES: Final = 256 << 10


def with_graph(file: Path, promised: Promise, *parts: Path) -> Check:
    """Return the check of a file of tensors and a graph, which may hold a sample's tensors.

    Args:
        file: On disk.
        promised: What was promised.
        parts: Further files that belong to it.
    """
    on_disk = sum(each.stat().st_size for each in (file, *parts))
    samples = 4 * (_size(promised.single) + _size(promised.first))
    tensors = promised.bytes + promised.unsaved
    most = tensors + promised.nodes * _NODE_BYTES + _FIXED_BYTES + samples
    besides = f" and {exact(promised.unsaved)} of constants" if promised.unsaved else ""
    return Check(
        "bytes",
        f"{exact(promised.bytes)} bytes of tensors{besides}, at most {exact(most)} with the graph",
        f"{exact(on_disk)} bytes",
        on_disk <= most,
    )


def tensors_and_names(file: Path, names: int, promised: Promise) -> Check:
    """Return the check of a file of dense tensors behind ``names`` bytes of their names."""
    held = file.stat().st_size - names
    return Check(
        "bytes",
        f"{exact(promised.bytes)} bytes of tensors, dense",
        f"{exact(held)} bytes of tensors and {exact(names)} of names",
        held == promised.bytes,
    )


def tensors_alone(size: int, promised: Promise) -> Check:
    """Return the check of what a file makes: ``size`` bytes of tensors, not on disk."""
    return Check(
        "bytes",
        f"{exact(promised.bytes)} bytes of tensors",
        f"{exact(size)} bytes of tensors",
        size == promised.bytes,
    )


def _size(tree: Any) -> int:
    leaves = [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in leaves)
