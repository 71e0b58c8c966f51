"""Dependencies between the nodes of a captured graph: what a change affects, and what a node needs.

Sets of nodes are integers, bit ``i`` for node ``i`` in graph order.
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from torch import Tensor, fx

from prunescope.coupling import Coupling
from prunescope.coupling.labels import Labels
from prunescope.removal.selection import dimensions

Bits = int


class Flow:
    """The dependencies of one graph.

    Attributes:
        module: The captured graph.
        nodes: In graph order, which is topological.
        number: The number of each node, in graph order.
        output: The number of the output node, which belongs to every cone.
        computed: Nodes that are not parameters, buffers or constants.
        inputs: The placeholders, in the order of the graph's flat inputs.
        tensors: What each ``get_attr`` target holds.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        self.nodes: tuple[fx.Node, ...] = tuple(module.graph.nodes)
        self.number = {node: number for number, node in enumerate(self.nodes)}
        self.by_name = {node.name: number for number, node in enumerate(self.nodes)}
        self.output = len(self.nodes) - 1
        self.inputs = tuple(self.number[n] for n in self.nodes if n.op == "placeholder")
        self.computed: Bits = to_bits(
            number for number, node in enumerate(self.nodes) if node.op != "get_attr"
        )
        self.tensors: dict[str, Any] = {
            str(node.target): functools.reduce(getattr, str(node.target).split("."), module)
            for node in self.nodes
            if node.op == "get_attr"
        }
        self.sources: list[Bits] = [
            to_bits(self.number[source] for source in node.all_input_nodes) for node in self.nodes
        ]
        self._below = [1 << number for number in range(len(self.nodes))]
        for number in reversed(range(len(self.nodes))):
            for user in self.nodes[number].users:
                self._below[number] |= self._below[self.number[user]]

    def cone(self, roots: Bits) -> Bits:
        """Return the nodes that depend on ``roots``, with the roots and the output node."""
        cone = 1 << self.output
        for number in node_numbers(roots):
            cone |= self._below[number]
        return cone & self.computed

    def boundary(self, cone: Bits) -> Bits:
        """Return the computed nodes outside of ``cone`` that it reads."""
        read = 0
        for number in node_numbers(cone):
            read |= self.sources[number]
        return read & self.computed & ~cone

    def above(self, targets: Bits) -> Bits:
        """Return the computed nodes that ``targets`` needs, itself included."""
        needed = 0
        for number in reversed(range(targets.bit_length())):
            if (targets | needed) >> number & 1:
                needed |= 1 << number | self.sources[number]
        return needed & self.computed

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return the targets whose tensors share memory with the one under ``name``."""
        parameter = self.module.get_parameter(name)
        return tuple(
            target
            for target, tensor in self.tensors.items()
            if isinstance(tensor, Tensor) and _overlap(tensor, parameter)
        )

    def weight_cone(self, name: str) -> Bits:
        """Return what depends on the parameter ``name``, under whichever name it is read."""
        targets = set(self.aliases(name))
        return self.cone(
            to_bits(
                number
                for number, node in enumerate(self.nodes)
                if node.op == "get_attr" and str(node.target) in targets
            )
        )

    def node_cone(self, name: str) -> Bits:
        """Return what depends on the node ``name``, itself included."""
        return self.cone(1 << self.by_name[name])

    def group_cone(self, coupling: Coupling, name: str) -> Bits:
        """Return what depends on any tensor that loses an index with a unit of group ``name``."""
        owned = np.isin(coupling.solved.unit, coupling.group(name).ids)
        values = coupling.walk.values
        return self.cone(
            to_bits(
                number
                for number, node in enumerate(self.nodes)
                if any(_touched(dim.labels, owned) for dim in dimensions(values[node]))
            )
        )


def to_bits(numbers: Iterable[int]) -> Bits:
    """Return the set of the node ``numbers`` as bits."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def node_numbers(bits: Bits) -> Iterator[int]:
    """Yield the node numbers in ``bits``, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _touched(labels: Labels | None, owned: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> bool:
    return labels is not None and bool(owned[labels[labels >= 0]].any())


def _overlap(one: Tensor, other: Tensor) -> bool:
    """Whether both are the same tensor, or look into the same memory."""
    if one is other:
        return True
    first, second = one.untyped_storage(), other.untyped_storage()
    return first.nbytes() > 0 and first.data_ptr() == second.data_ptr()
