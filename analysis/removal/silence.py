"""The dense network with the removed units silenced: the reference that removal is checked against.

It shares no mechanism with removal. The graph, all shapes and all operators stay dense. Every
activation is set to zero at the removed indices before it is read. The removed units' own
parameters are disturbed, so that a unit that is not silent changes the outputs; under weight norm
it is the weights that it makes. A statistic over a pruned dimension is taken over the kept indices
only. A recurrent operator hides its states: there the rows and biases that give a removed unit its
new content are zero, so that its state stays the zero that it starts with, whatever its other gates
and whoever reads it do. The result of a block that leaves is multiplied by 0.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured, Inputs, call_arguments
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rules.recurrent import CANDIDATE, GATES
from prunescope.coupling.walk import Value
from prunescope.removal.block_masks import divided
from prunescope.removal.selection import Removal, Selection

Spot = tuple[int, Tensor]
"""A dimension, and which of its indices stay over one period."""


class Silenced(fx.Interpreter):
    """Run the dense graph with the removed units silent."""

    def __init__(self, captured: Captured, removal: Removal, disturb: bool = True) -> None:
        super().__init__(captured.module)
        removal, blocks = divided(captured, removal)
        nodes = {node.name: node for node in captured.module.graph.nodes}
        self._branches = {nodes[block.add].args[block.branch] for block in blocks}
        self._selection = Selection(captured, removal)
        walk = self._selection.coupling.walk
        self._spots: dict[fx.Node, Any] = {}
        self._disturbed: dict[str, Tensor] = {}
        self._over: dict[fx.Node, set[int]] = {}
        for node, value in walk.values.items():
            spots = self._find(value) if node not in walk.counts else None
            if spots:
                self._spots[node] = spots
        for read in walk.reads:
            if read.statistic and self._selection.touches(walk.dims(read.source)[read.dimension]):
                self._over.setdefault(read.node, set()).add(read.dimension)
        mixed = {
            read.source
            for read in walk.reads
            if read.source.op == "get_attr" and not read.own_state
        }
        self._normed = {n for n in captured.module.graph.nodes if _makes_weights(n)} & set(
            self._spots if disturb else ()
        )
        for node in self._normed:  # each entry changes the norm, and with it what is kept
            for source in node.all_input_nodes:
                mixed.add(source)
                self._spots.pop(source, None)
        for node in captured.module.graph.nodes if disturb else ():
            if node.op == "get_attr" and node in self._spots and node not in mixed:
                tensor = self.fetch_attr(str(node.target))
                self._disturbed[str(node.target)] = _disturb(tensor, self._spots[node])

    def __call__(self, inputs: Inputs) -> Any:
        """Return the outputs for the batch ``inputs``."""
        args, kwargs = call_arguments(inputs)
        flat = torch.utils._pytree.tree_leaves((args, kwargs))
        with torch.no_grad():
            return self.run(*flat, enable_io_processing=False)

    def run_node(self, n: fx.Node) -> Any:
        """Run one operator, then silence what it returns."""
        if n in self._branches:
            return self._silenced_node(n) * 0
        return self._silenced_node(n)

    def _silenced_node(self, n: fx.Node) -> Any:
        if n.op == "get_attr" and str(n.target) in self._disturbed:
            return self._disturbed[str(n.target)]
        if n in self._over:
            args, kwargs = self.fetch_args_kwargs_from_env(n)
            result = self._statistic(n, args, kwargs)
        elif n in self._spots and operator_name(n).removesuffix("_cell") in CANDIDATE:
            result = n.target(*self._without_content(n))  # type: ignore[operator]
        else:
            result = super().run_node(n)
        if n in self._normed:
            return _disturb(result, self._spots[n])
        return _zero_removed(result, self._spots[n]) if n in self._spots else result

    def _find(self, value: Value) -> Any:
        if isinstance(value, list):
            inside = [self._find(element) for element in value]
            return inside if any(inside) else None
        spots = [
            (axis, torch.from_numpy(self._selection.keep(dim)))
            for axis, dim in enumerate(value or ())
            if self._selection.touches(dim)
        ]
        return tuple(spots) or None

    def _without_content(self, node: fx.Node) -> list[Any]:
        """The arguments of a recurrent operator, removed units' candidate rows set to zero."""
        args, _ = self.fetch_args_kwargs_from_env(node)
        name = operator_name(node).removesuffix("_cell")
        cell = name != operator_name(node)
        weights: list[Any] = list(args[2:] if cell else args[2])
        own: Any = node.args[2:] if cell else node.args[2]
        size = len(weights[0]) // GATES[name]
        for place, source in enumerate(own):
            dims = self._selection.coupling.walk.dims(source)
            if not dims or not self._selection.touches(dims[0]):
                continue
            stay = torch.from_numpy(self._selection.keep(dims[0])).clone()
            first = CANDIDATE[name] * size
            stay[:first], stay[first + size :] = True, True
            weights[place] = _zero_removed(weights[place], ((0, stay),))
        return [*args[:2], *weights] if cell else [*args[:2], weights, *args[3:]]

    def _statistic(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        """Run ``node`` on the kept indices, and put its result back at their positions."""
        source: Tensor = args[0]
        dims = self._selection.coupling.walk.dims(node.args[0])
        kept_by_axis = {
            axis: torch.from_numpy(np.flatnonzero(self._selection.keep(dims[axis])))
            for axis in self._over[node]
        }
        name = operator_name(node)
        inside = _pick(source, kept_by_axis)
        if name == "topk":  # the numbers are those that the units have in the dense network
            ((_, numbers),) = kept_by_axis.items()
            values, places = _call(node, args, kwargs, {"self": inside})
            return values, numbers.to(places.device)[places]
        changed = {"input": inside, "self": inside}
        if name in ("layer_norm", "rms_norm"):
            shape = argument(node, "normalized_shape")
            lead = source.ndim - len(shape)
            changed["normalized_shape"] = list(inside.shape[lead:])
            within = {axis - lead: index for axis, index in kept_by_axis.items()}
            for affine in ("weight", "bias"):
                changed[affine] = _pick(self._value(node, affine, args, kwargs), within)
        elif name == "group_norm":
            for affine in ("weight", "bias"):
                tensor = self._value(node, affine, args, kwargs)
                changed[affine] = _pick(tensor, {0: kept_by_axis[1]})
        result = _call(node, args, kwargs, changed)
        if not self._keeps_dimensions(node, kept_by_axis) or result.shape != inside.shape:
            return result
        full = torch.zeros(source.shape, dtype=result.dtype, device=result.device)
        for axis, index in kept_by_axis.items():
            if len(kept_by_axis) == 1:
                return full.index_copy(axis, index.to(full.device), result)
        grid = torch.meshgrid(
            *(
                kept_by_axis.get(other_axis, torch.arange(source.shape[other_axis]))
                for other_axis in range(source.ndim)
            ),
            indexing="ij",
        )
        full[grid] = result
        return full

    def _keeps_dimensions(self, node: fx.Node, axes: Iterable[int]) -> bool:
        """Whether the result of ``node`` still has the dimensions that it is a statistic of."""
        dims = self._selection.coupling.walk.dims(node)
        return all(axis < len(dims) and self._selection.touches(dims[axis]) for axis in axes)

    @staticmethod
    def _value(node: fx.Node, name: str, args: Any, kwargs: Any) -> Any:
        names = [declared.name for declared in node.target._schema.arguments]  # type: ignore[union-attr]
        position = names.index(name) if name in names else len(args)
        return args[position] if position < len(args) else kwargs.get(name)


def _makes_weights(node: fx.Node) -> bool:
    return node.op == "call_function" and operator_name(node) == "_weight_norm"


def silence(captured: Captured, removal: Removal) -> Silenced:
    """Return the dense network in which exactly the units that ``removal`` masks out are silent.

    Call it with a batch, as the model itself is called.
    """
    return Silenced(captured, removal)


def _call(node: fx.Node, args: Any, kwargs: Any, changed: dict[str, Any]) -> Any:
    assert isinstance(node.target, torch._ops.OpOverload)
    names = [declared.name for declared in node.target._schema.arguments]
    values = [changed.get(name, value) for name, value in zip(names, args, strict=False)]
    named = {name: changed.get(name, value) for name, value in kwargs.items()}
    return node.target(*values, **named)


def _pick(tensor: Any, kept_by_axis: dict[int, Tensor]) -> Any:
    if isinstance(tensor, Tensor):
        for axis, index in kept_by_axis.items():
            if tensor.shape[axis] > 1:
                tensor = tensor.index_select(axis, index.to(tensor.device))
    return tensor


def _zero_removed(result: Any, spots: Any) -> Any:
    if isinstance(spots, list):
        return [
            _zero_removed(element, inside) if inside else element
            for element, inside in zip(result, spots, strict=True)
        ]
    for axis, keep in spots:
        size = result.shape[axis]
        flags = keep.to(result.device).repeat(size // len(keep))
        shape = [size if other_axis == axis else 1 for other_axis in range(result.ndim)]
        nothing = torch.zeros((), dtype=result.dtype, device=result.device)
        result = torch.where(flags.view(shape), result, nothing)
    return result


def _disturb(tensor: Tensor, spots: Any) -> Tensor:
    """Scale the removed units' parameters by fixed factors from 0.5 to 1.5, which keeps signs."""
    if not tensor.is_floating_point():
        return tensor
    generator = torch.Generator().manual_seed(tensor.numel())
    factor = torch.rand(tensor.shape, generator=generator).to(tensor) + 0.5
    keep_mask = torch.ones(tensor.shape, dtype=torch.bool, device=tensor.device)
    for axis, keep in spots:
        shape = [-1 if other_axis == axis else 1 for other_axis in range(tensor.ndim)]
        keep_mask &= keep.to(tensor.device).view(shape)
    return torch.where(keep_mask, tensor.detach(), tensor.detach() * factor)
