"""Walk a captured graph operator by operator with all calibration batches at once.

So a layer can be refitted when the walk reaches it, and later layers are computed with the refitted
weights: one pass over the calibration samples, whatever the number of layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Inputs, call_arguments
from prunescope.coupling.walk import first_names


class Lane(fx.Interpreter):
    """The values of one network, for every batch, up to the walk's current node.

    Attributes:
        values: For every batch, node → value, of nodes that are still needed.
    """

    def __init__(
        self,
        module: fx.GraphModule,
        batches: Sequence[Inputs],
        replaced: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Begin before the first node.

        Args:
            module: A captured graph; not modified.
            batches: Of inputs.
            replaced: First dotted name → tensor to compute with in place of the module's.
        """
        super().__init__(module, garbage_collect_values=False)
        self._leaves = [pytree.tree_leaves(call_arguments(batch)) for batch in batches]
        self._replaced = dict(replaced or {})
        self._names = first_names(module)
        self._placeholders = 0
        self.values: list[dict[fx.Node, Any]] = [{} for _ in batches]
        last: dict[fx.Node, fx.Node] = {}
        for node in module.graph.nodes:
            for source in node.all_input_nodes:
                last[source] = node
        self._ends: dict[fx.Node, list[fx.Node]] = {}
        for source, reader in last.items():
            self._ends.setdefault(reader, []).append(source)

    def fetch_attr(self, target: str) -> Any:
        """Return a tensor of the module, or what replaces it."""
        name = self._names.get(target, target)
        return self._replaced[name] if name in self._replaced else super().fetch_attr(target)

    def step(self, node: fx.Node) -> None:
        """Compute ``node`` for every batch."""
        if node.op == "output":
            return
        with torch.no_grad():
            for number, values in enumerate(self.values):
                if node.op == "placeholder":
                    values[node] = self._leaves[number][self._placeholders]
                else:
                    self.env = values
                    values[node] = self.run_node(node)
        self._placeholders += node.op == "placeholder"

    def ends(self, node: fx.Node) -> list[fx.Node]:
        """Return the nodes that no node after ``node`` reads."""
        return self._ends.get(node, [])

    def forget(self, node: fx.Node) -> None:
        """Drop the values that no node after ``node`` reads."""
        for source in self.ends(node):
            for values in self.values:
                values.pop(source, None)
