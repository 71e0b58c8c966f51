"""What depends on what in a captured graph: where a change starts to matter, and what it needs.

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
        number: The place of each node.
        output: The place of the output node, which belongs to every cone.
        computed: Nodes that are not parameters, buffers or constants.
        inputs: The placeholders, in the order of the graph's flat inputs.
        tensors: What each ``get_attr`` target holds.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        self.nodes: tuple[fx.Node, ...] = tuple(module.graph.nodes)
        self.number = {node: place for place, node in enumerate(self.nodes)}
        self.by_name = {node.name: place for place, node in enumerate(self.nodes)}
        self.output = len(self.nodes) - 1
        self.inputs = tuple(self.number[n] for n in self.nodes if n.op == "placeholder")
        self.computed: Bits = members(
            place for place, node in enumerate(self.nodes) if node.op != "get_attr"
        )
        self.tensors: dict[str, Any] = {
            str(node.target): functools.reduce(getattr, str(node.target).split("."), module)
            for node in self.nodes
            if node.op == "get_attr"
        }
        self.sources: list[Bits] = [
            members(self.number[source] for source in node.all_input_nodes) for node in self.nodes
        ]
        self._below = [1 << place for place in range(len(self.nodes))]
        for place in reversed(range(len(self.nodes))):
            for user in self.nodes[place].users:
                self._below[place] |= self._below[self.number[user]]

    def cone(self, roots: Bits) -> Bits:
        """Return what depends on ``roots``, themselves and the output included, as computed."""
        found = 1 << self.output
        for place in places(roots):
            found |= self._below[place]
        return found & self.computed

    def boundary(self, cone: Bits) -> Bits:
        """Return the computed nodes outside of ``cone`` that it reads."""
        read = 0
        for place in places(cone):
            read |= self.sources[place]
        return read & self.computed & ~cone

    def above(self, wanted: Bits) -> Bits:
        """Return the computed nodes that ``wanted`` needs, itself included."""
        found = 0
        for place in reversed(range(wanted.bit_length())):
            if (wanted | found) >> place & 1:
                found |= 1 << place | self.sources[place]
        return found & self.computed

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return the targets whose tensors share memory with the one under ``name``."""
        wanted = self.module.get_parameter(name)
        return tuple(
            target
            for target, tensor in self.tensors.items()
            if isinstance(tensor, Tensor) and _overlap(tensor, wanted)
        )

    def weight_cone(self, name: str) -> Bits:
        """Return what depends on the parameter ``name``, under whichever name it is read."""
        targets = set(self.aliases(name))
        return self.cone(
            members(
                place
                for place, node in enumerate(self.nodes)
                if node.op == "get_attr" and str(node.target) in targets
            )
        )

    def group_cone(self, coupling: Coupling, name: str) -> Bits:
        """Return what depends on any tensor that loses an index with a unit of group ``name``."""
        owned = np.isin(coupling.solved.unit, coupling.group(name).ids)
        values = coupling.walk.values
        return self.cone(
            members(
                place
                for place, node in enumerate(self.nodes)
                if any(_touched(dim.labels, owned) for dim in dimensions(values[node]))
            )
        )


def members(found: Iterable[int]) -> Bits:
    """Return the set of the places ``found``."""
    bits = 0
    for place in found:
        bits |= 1 << place
    return bits


def places(bits: Bits) -> Iterator[int]:
    """Yield the places in ``bits``, first to last."""
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
