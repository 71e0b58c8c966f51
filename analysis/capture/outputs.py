"""What a network returns, by name: shapes, and the layers that reach each output.

A single tensor is called ``output``; entries of a dict (or of an object with fields) have their
keys as names, those of a tuple their positions, and nested ones both: ``hidden_states.2``.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured
from prunescope.capture.layers import Layer
from prunescope.capture.shapes import shapes

SINGLE: Final = "output"
"""Name of the only output of a network that returns one tensor."""


@dataclass(frozen=True)
class Output:
    """A tensor that a network returns.

    Attributes:
        name: Unique among the network's outputs, as above.
        shape: For one sample, the batch dimension included.
        dtype: Such as ``float32``.
        layers: Names of the layers that it depends on, in forward order.
        only: Those of them that no other output depends on.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    layers: tuple[str, ...]
    only: tuple[str, ...]


def list_outputs(captured: Captured, layers: Sequence[Layer]) -> tuple[Output, ...]:
    """Return every tensor that the graph returns, in the order of its leaves.

    Args:
        captured: The graph.
        layers: Of the same graph (``graph_layers``).
    """
    values = shapes(captured)
    leaves = output_leaves(captured.module)
    tensors = [
        (name, leaf)
        for name, leaf in zip(output_names(captured.module), leaves, strict=True)
        if isinstance(leaf, fx.Node) and isinstance(values.get(leaf), Tensor)
    ]
    reached = _reached([leaf for _, leaf in tensors], captured.module.graph)
    by_layer = {
        layer.name: set().union(*(reached.get(node, set()) for node in layer.nodes))
        for layer in layers
    }
    return tuple(
        Output(
            name,
            tuple(int(size) for size in values[leaf].shape),
            str(values[leaf].dtype).removeprefix("torch."),
            tuple(layer for layer, places in by_layer.items() if place in places),
            tuple(layer for layer, places in by_layer.items() if places == {place}),
        )
        for place, (name, leaf) in enumerate(tensors)
    )


def unread_layers(outputs: Sequence[Output], chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the layers on which outputs depend, but none of those named ``chosen``."""
    needed = {layer for output in outputs if output.name in chosen for layer in output.layers}
    every = dict.fromkeys(layer for output in outputs for layer in output.layers)
    return tuple(layer for layer in every if layer not in needed)


def named_leaves(tree: Any) -> list[tuple[str, Any]]:
    """Return ``(name, leaf)`` for every leaf of what a model returned, in pytree's order.

    >>> named_leaves({"logits": 1, "hidden": (2, 3)})
    [('logits', 1), ('hidden.0', 2), ('hidden.1', 3)]
    >>> named_leaves(5)
    [('output', 5)]
    """
    leaves, spec = pytree.tree_flatten(tree)
    numbered = pytree.tree_unflatten(list(range(len(leaves))), spec)
    names = {number: name or SINGLE for name, number in _walk(numbered, "")}
    return [(names.get(i, str(i)), leaf) for i, leaf in enumerate(leaves)]


def output_names(module: fx.GraphModule) -> list[str]:
    """Return the name of every leaf that the captured graph ``module`` returns."""
    leaves = output_leaves(module)
    spec = getattr(module, "_out_spec", None)
    if spec is None or spec.num_leaves != len(leaves):
        return [name for name, _ in named_leaves(tuple(leaves))]
    return [name for name, _ in named_leaves(pytree.tree_unflatten(list(leaves), spec))]


def output_leaves(module: fx.GraphModule) -> list[Any]:
    """Return the nodes (and numbers) that the captured graph ``module`` returns, flat."""
    return pytree.tree_leaves(next(iter(reversed(module.graph.nodes))).args[0])


def _walk(tree: Any, name: str) -> Iterator[tuple[str, int]]:
    for key, value in _entries(tree):
        yield from _walk(value, f"{name}.{key}" if name else key)
    if isinstance(tree, int):
        yield name, tree


def _entries(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        yield from ((str(key), value) for key, value in tree.items())
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        yield from zip(tree._fields, tree, strict=True)
    elif isinstance(tree, list | tuple):
        yield from ((str(place), value) for place, value in enumerate(tree))
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        for field in dataclasses.fields(tree):
            yield field.name, getattr(tree, field.name)


def _reached(leaves: Sequence[fx.Node], graph: fx.Graph) -> dict[fx.Node, set[int]]:
    """For each node, the positions of the outputs that depend on it."""
    reached: dict[fx.Node, set[int]] = {}
    for place, leaf in enumerate(leaves):
        reached.setdefault(leaf, set()).add(place)
    for node in reversed(graph.nodes):
        places = reached.setdefault(node, set())
        for user in node.users:
            places |= reached.get(user, set()) if user.op != "output" else set()
    return reached
