"""Every operator that multiplies by a weight, as rows of inputs times a matrix.

A convolution is a matrix product over patches, so one least-squares engine serves all layers.
The position of each parameter entry in the matrix is found by sending the entries' flat indices
through the views that the operator reads (slices of a packed projection, transposes).
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, fx

from prunescope.capture.functional import operator_name
from prunescope.capture.layers import weight_getters
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.walk import first_names
from prunescope.moments.patches import Patches, patches_of


@dataclass(frozen=True, eq=False)
class Site:
    """One operator: outputs = matrix · inputs + offset, position by position.

    Attributes:
        node: The operator.
        parameter: First dotted name of its weight.
        entries: ``(groups, outputs, inputs)`` int64, flat indices into the parameter.
        source: The argument that holds the inputs.
        channel: Dimension of the operator's result that counts outputs.
        patches: How inputs lie in ``source``; None where they are its last (or, for a weight on
            the left, its second to last) dimension.
        offset: First dotted name of the bias, or of the running mean of the batch norm that
            alone reads the outputs, ``(groups * outputs,)``; None if there is neither.
        sign: 1 for a bias, -1 for a running mean.
    """

    node: fx.Node
    parameter: str
    entries: Tensor
    source: fx.Node
    channel: int
    patches: Patches | None = None
    offset: str | None = None
    sign: int = 1

    @property
    def width(self) -> int:
        """How many inputs each output reads."""
        return self.entries.shape[2]

    def inputs(self, value: Tensor, chosen: Tensor) -> Tensor:
        """Return ``(rows, groups, inputs)`` of the positions ``chosen``.

        Args:
            value: What ``source`` is for a batch.
            chosen: ``(leading, each)`` from ``positions``.
        """
        groups, _, width = self.entries.shape
        laid = value.movedim(self.channel, -1) if self.patches is None else self.patches(value)
        position_axes = laid.ndim - 2 if self.patches is None else self.patches.dimensions
        return _pick(laid, chosen, position_axes).reshape(-1, groups, width)

    def outputs(self, value: Tensor, chosen: Tensor) -> Tensor:
        """Return ``(rows, outputs)`` of the operator's result at the same positions."""
        laid = value.movedim(self.channel, -1)
        return _pick(laid, chosen, laid.ndim - 2)

    def positions(self, result: Tensor, rows: int, seed: int) -> Tensor:
        """Return which positions to look at: ``(leading, each)`` int64, flat and ascending.

        Args:
            result: What the operator returned for a batch; its first dimension leads.
            rows: About so many positions in all; at least one for each leading index.
            seed: Of the draw.
        """
        leading, *others = result.movedim(self.channel, -1).shape[:-1]
        per_leading, some = math.prod(others), max(1, rows // max(leading, 1))
        if per_leading <= some:
            return torch.arange(per_leading).expand(leading, per_leading)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.rand(leading, per_leading, generator=generator).argsort(1)[:, :some]
        return drawn.sort(1).values


def find_sites(module: fx.GraphModule) -> dict[fx.Node, Site]:
    """Return the site of every node that multiplies by one weight in a way known here.

    Linear layers, matrix products with a two-dimensional weight, and convolutions: grouped,
    depthwise, dilated, transposed, in one to three dimensions. A node that reads its weight in
    another way (a table that is looked up, recurrent layers, ``einsum``) has none.
    """
    names = first_names(module)
    readers = _readers(module, names)
    sites = {}
    for node in module.graph.nodes:
        kind = operator_name(node) if node.op == "call_function" else ""
        getters = weight_getters(node, kind)
        if len(getters) != 1:
            continue
        getter, leaf = getters[0]
        parts = _matrix(node, kind, leaf, _entries(leaf, module.get_parameter(str(getter.target))))
        if parts is None:
            continue
        entries, source, channel, patches = parts
        outputs = entries.shape[0] * entries.shape[1]
        offset, sign = _offset(node, module, names, readers, outputs)
        parameter = names[str(getter.target)]
        sites[node] = Site(node, parameter, entries, source, channel, patches, offset, sign)
    return sites


_MatrixParts = tuple[Tensor, fx.Node, int, Patches | None]


def _matrix(node: fx.Node, kind: str, leaf: object, entries: Tensor | None) -> _MatrixParts | None:
    """Entries, the argument with the inputs, the dimension of outputs, and the patches."""
    if entries is None:
        return None
    position = node.args.index(leaf) if leaf in node.args else -1
    if kind == "linear" and position == 1 and entries.ndim == 2:
        return _matrix_parts(entries.unsqueeze(0), node.args[0], -1, None)
    if kind in ("matmul", "mm", "addmm") and entries.ndim == 2:
        first = 1 if kind == "addmm" else 0
        if position == first + 1:
            return _matrix_parts(entries.T.unsqueeze(0), node.args[first], -1, None)
        if position == first and kind != "addmm":
            return _matrix_parts(entries.unsqueeze(0), node.args[first + 1], -2, None)
    if kind in _CONVOLUTIONS and position == 1:
        patches = patches_of(node, kind, tuple(entries.shape))
        if patches is None:
            return None
        groups = int(argument(node, "groups", 1))
        return _matrix_parts(patches.matrix(entries, groups), node.args[0], 1, patches)
    return None


def _matrix_parts(
    entries: Tensor, source: Any, channel: int, patches: Patches | None
) -> _MatrixParts | None:
    if not isinstance(source, fx.Node) or repeats(entries):
        return None
    return entries.contiguous(), source, channel, patches


def repeats(entries: Tensor) -> bool:
    """Return whether any number comes more than once."""
    seen = torch.zeros(int(entries.max()) + 1 if entries.numel() else 0, dtype=torch.bool)
    seen[entries.flatten()] = True
    return int(seen.sum()) != entries.numel()


def _entries(leaf: object, weight: Tensor) -> Tensor | None:
    """The flat index in ``weight`` of each entry of the view ``leaf``.

    None where the view depends on more than the weight, such as on the batch size.
    """
    if not isinstance(leaf, fx.Node) or not _constant(leaf):
        return None

    def read(node: fx.Node) -> Any:
        if node.op == "get_attr":
            return torch.arange(weight.numel()).reshape(weight.shape)
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), read)
        return node.target(*args, **kwargs)  # type: ignore[operator]

    entries = read(leaf)
    are_numbers = isinstance(entries, Tensor) and entries.dtype == torch.int64
    return entries if are_numbers else None


def _constant(node: fx.Node) -> bool:
    """Whether ``node`` is computed from parameters alone."""
    if node.op == "call_function":
        return all(_constant(source) for source in node.all_input_nodes)
    return node.op == "get_attr"


def weight_readers(module: fx.GraphModule) -> dict[str, set[fx.Node]]:
    """Return by first dotted name the operators that read a parameter, through views too."""
    names = first_names(module)
    readers: dict[str, set[fx.Node]] = {}
    for node in module.graph.nodes:
        if node.op != "call_function":
            continue
        for getter, _ in weight_getters(node, operator_name(node)):
            readers.setdefault(names[str(getter.target)], set()).add(node)
    return readers


def _readers(module: fx.GraphModule, names: dict[str, str]) -> dict[str, list[fx.Node]]:
    readers: dict[str, list[fx.Node]] = {}
    for node in module.graph.nodes:
        if node.op == "get_attr":
            readers.setdefault(names.get(str(node.target), str(node.target)), []).extend(node.users)
    return readers


def _offset(
    node: fx.Node,
    module: fx.GraphModule,
    names: dict[str, str],
    readers: dict[str, list[fx.Node]],
    outputs: int,
) -> tuple[str | None, int]:
    """The parameter or buffer that shifts only the outputs of ``node``, and its sign."""

    def alone(value: object, reader: fx.Node) -> str | None:
        if not isinstance(value, fx.Node) or value.op != "get_attr":
            return None
        name = names.get(str(value.target), "")
        tensor = dict(module.named_buffers()) | dict(module.named_parameters())
        fits = name in tensor and tuple(tensor[name].shape) == (outputs,)
        return name if fits and readers[name] == [reader] else None

    kind = operator_name(node)
    bias = node.args[0] if kind == "addmm" else argument(node, "bias")
    if bias is not None:
        return alone(bias, node), 1
    users = list(node.users)
    if len(users) == 1 and operator_name(users[0]) == "batch_norm" and users[0].args[0] is node:
        return alone(users[0].args[3], users[0]), -1
    return None, 1


_CONVOLUTIONS: Final = {
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
}  # fmt: skip


def _pick(laid: Tensor, chosen: Tensor, position_axes: int) -> Tensor:
    """``laid`` ``(leading, positions..., features...)`` at the chosen flat positions, flattened."""
    leading = torch.arange(len(chosen)).unsqueeze(1).expand_as(chosen).flatten()
    shape = laid.shape[1 : 1 + position_axes]
    where = torch.unravel_index(chosen.flatten(), shape) if position_axes else ()
    return laid[(leading, *where)].flatten(1)
