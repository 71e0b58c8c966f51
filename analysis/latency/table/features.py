"""What the time of a network is made of: work per kind of operator, from shapes. Torch-free.

A matrix product's time follows its multiply-accumulates, those of its sizes rounded up to the
width of a vector, and jumps where a size that is summed over is no multiple of that width
(a kernel for blocks cannot be used). The other operators follow the bytes that they move.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.latency.table.tensor_sizes import Shapes
from prunescope.study import NodeSummary

WIDTHS: Final = (4, 8, 16)
_CONVOLUTIONS: Final = ("conv1d", "conv2d", "conv3d", "convolution")
_TRANSPOSED: Final = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_PRODUCTS: Final = ("matmul", "mm", "bmm")
_SUMS: Final = ("addmm", "baddbmm")
_FREE: Final = (
    "view", "_unsafe_view", "permute", "transpose", "getitem", "select", "slice", "unbind",
    "expand", "squeeze", "unsqueeze", "flatten", "dropout", "alias", "detach", "t", "split",
    "chunk", "split_with_sizes", "input", "parameter", "output",
)  # fmt: skip
"""They move nothing: their results are views. What reads them counts its own bytes."""


@dataclass(frozen=True)
class Product:
    """A count of multiply-accumulates as a product of dimensions.

    Attributes:
        kind: Of the operator.
        dims: Places of the dimensions that are multiplied.
        summed: Those of them that are summed over (for depthwise filters: the channels).
        node: Place of the operator.
    """

    kind: str
    dims: tuple[int, ...]
    summed: tuple[int, ...]
    node: int


@dataclass(frozen=True, eq=False)
class Features:
    """Columns of work, each divided by its dense value (or its operator's, where that is 0).

    Attributes:
        names: Of the columns; the first is the part that never changes.
        fine: Whether a column speaks of single shapes rather than of a kind of operator.
    """

    shapes: Shapes
    batch: int
    names: tuple[str, ...]
    fine: np.ndarray
    _products: tuple[Product, ...]
    _dims: np.ndarray
    _movable: np.ndarray
    _summed: np.ndarray
    _sums: tuple[np.ndarray, ...]
    _scale: Floats
    _moved: np.ndarray
    _used: np.ndarray

    def values(self, removed: Floats) -> Floats:
        """Return ``(plans, columns)``, from units removed as ``(plans, groups)``."""
        raw = self._raw(removed)[:, self._used]
        return np.concatenate([np.ones((len(raw), 1)), raw / self._scale], 1)

    def macs(self, removed: Floats) -> Floats:
        """Return multiply-accumulates as ``(plans,)``, all products together."""
        sizes = self.shapes.sizes(removed, self.batch)
        work = sizes[:, self._dims].prod(-1) * self._alive(self.shapes.alive(removed))
        return np.asarray(work.sum(1))

    def _alive(self, nodes: Floats) -> Floats:
        """Of each product, whether its node stays."""
        return nodes[:, [product.node for product in self._products]]

    def _raw(self, removed: Floats) -> Floats:
        sizes = self.shapes.sizes(removed, self.batch)
        nodes = self.shapes.alive(removed)
        alive = self._alive(nodes)
        macs = sizes[:, self._dims].prod(-1) * alive
        parts = [macs]
        for width in WIDTHS:
            wide = np.where(self._movable, np.ceil(sizes / width) * width, sizes)
            parts.append(wide[:, self._dims].prod(-1) * alive)
        for width in WIDTHS:
            uneven = (sizes % width > 0) & (sizes > width) & self._movable
            parts.append(macs * uneven[:, self._summed].any(-1))
        given = self.shapes.node_bytes(sizes) * nodes
        columns = [part @ sums for part, sums in zip(parts, self._sums, strict=False)]
        return np.concatenate([*columns, given @ self._moved], 1)


def features_of(shapes: Shapes, batch: int) -> Features:
    """Return the columns of work for ``shapes`` at ``batch`` samples."""
    nodes = shapes.graph.nodes
    products = tuple(p for at, node in enumerate(nodes) for p in _products(shapes, at, node))
    movable = np.array([bool(dim.groups) for dim in shapes.graph.dims] + [False])
    rest = len(shapes.graph.dims)
    kinds = [product.kind for product in products]
    looks = [_look(shapes, product, movable) for product in products]
    by_kind, kind_names = _grouping(kinds)
    by_look, look_names = _grouping(looks)
    both = np.concatenate([by_kind, by_look], 1)
    labels = [*kind_names, *look_names]
    fine = [False] * len(kind_names) + [True] * len(look_names)
    names: list[str] = []
    flags: list[bool] = []
    words = ["", *(f", rounded up to {w}" for w in WIDTHS), *(f", uneven by {w}" for w in WIDTHS)]
    for word in words:
        names += [f"MACs of {label}{word}" for label in labels]
        flags += fine
    moved, moved_names = _moves(shapes)
    names += moved_names
    flags += [False] * len(moved_names)
    draft = Features(
        shapes, batch, tuple(names), np.array(flags), products,
        _padded([p.dims for p in products], rest), movable,
        _padded([p.summed for p in products], rest),
        tuple([both] * len(words)), np.ones(len(names)), moved, np.arange(len(names)),
    )  # fmt: skip
    return _scaled(draft, len(words) * len(labels), len(labels))


def _scaled(draft: Features, products: int, labels: int) -> Features:
    """Divide by the dense value, and drop what no removal changes."""
    whole = np.zeros((1, len(draft.shapes.names)))
    dense = draft._raw(whole)[0]
    plain = np.resize(dense[:labels], products)
    scale = dense.copy()
    scale[:products] = np.where(plain > 0, plain, 1)
    halves = np.floor(draft.shapes.units / 2)
    trials = np.concatenate([np.diag(halves), np.diag(np.maximum(draft.shapes.units - 1, 0)),
                             np.diag(np.minimum(draft.shapes.units - 1, 1.0).clip(0))])  # fmt: skip
    changes = (np.abs(draft._raw(trials) - dense) > 0).any(0) & (scale > 0)
    used = np.flatnonzero(changes)
    return Features(
        draft.shapes, draft.batch,
        ("fixed", *(draft.names[at] for at in used)),
        np.concatenate([[False], draft.fine[used]]), draft._products, draft._dims,
        draft._movable, draft._summed, draft._sums, scale[used], draft._moved, used,
    )  # fmt: skip


def _products(shapes: Shapes, at: int, node: NodeSummary) -> list[Product]:
    nodes = shapes.graph.nodes
    read = [nodes[place].tensors[0] for place in node.reads if nodes[place].tensors]
    own = node.tensors[0] if node.tensors else ()
    kind = node.operator
    if kind in _CONVOLUTIONS and len(read) > 1:
        weight = read[1]
        channels = shapes.graph.dims[weight[1]]
        depthwise = channels.size == 1 and not channels.groups
        alone = depthwise and bool(shapes.graph.dims[read[0][1]].groups)
        sums = (weight[0],) if alone else weight[1:]
        return [Product("depthwise" if alone else kind, own + weight[1:], sums, at)]
    if kind in _TRANSPOSED and len(read) > 1:
        return [Product(kind, read[0] + read[1][1:], (read[1][0],), at)]
    if kind == "linear" and len(read) > 1:
        return [Product(kind, own + read[1][-1:], read[1][-1:], at)]
    if kind in _PRODUCTS and read:
        return [Product(kind, own + read[0][-1:], read[0][-1:], at)]
    if kind in _SUMS and len(read) > 1:
        return [Product(kind, own + read[1][-1:], read[1][-1:], at)]
    if kind == "scaled_dot_product_attention" and len(read) > 2:
        query, key, value = read[:3]
        return [
            Product(kind, query + key[-2:-1], query[-1:], at),
            Product(kind, query[:-1] + key[-2:-1] + value[-1:], value[-1:], at),
        ]
    return []


def _look(shapes: Shapes, product: Product, movable: np.ndarray) -> str:
    fixed = [
        shapes.graph.dims[at].size
        for at in product.dims
        if not movable[at] and not shapes.graph.dims[at].batched
    ]
    return f"{product.kind} {'×'.join(map(str, fixed))}"


def _moves(shapes: Shapes) -> tuple[np.ndarray, list[str]]:
    """Who moves which node's bytes: every operator reads its arguments and writes its result."""
    nodes = shapes.graph.nodes
    kinds = list(dict.fromkeys(n.operator for n in nodes if n.operator not in _FREE and n.tensors))
    moved = np.zeros((len(nodes), len(kinds)))
    for at, node in enumerate(nodes):
        if node.operator in kinds:
            column = kinds.index(node.operator)
            moved[at, column] += 1
            for source in node.reads:
                moved[source, column] += 1
    return moved, [f"bytes of {kind}" for kind in kinds]


def _grouping(labels: list[str]) -> tuple[np.ndarray, list[str]]:
    names = list(dict.fromkeys(labels))
    found = np.zeros((len(labels), len(names)))
    for row, label in enumerate(labels):
        found[row, names.index(label)] = 1
    return found, names


def _padded(rows: list[tuple[int, ...]], filler: int) -> np.ndarray:
    width = max((len(row) for row in rows), default=0)
    found = np.full((len(rows), width), filler, np.int64)
    for at, row in enumerate(rows):
        found[at, : len(row)] = row
    return found
