"""Which nodes of a pruned graph give something else than in the dense one."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx

from prunescope.coupling.walk import first_names


def differing_nodes(
    pruned: fx.GraphModule, dense: fx.GraphModule, tensors: Mapping[str, Tensor]
) -> set[fx.Node]:
    """Return the nodes of ``pruned`` that read a changed tensor, or what follows from one.

    Args:
        pruned: ``dense`` with masked weights, or what removal made of it; nodes correspond by name.
        dense: The dense graph, whose weights may be masked at the moment.
        tensors: The dense parameters and buffers, by first dotted name.
    """
    twins = {node.name: node for node in dense.graph.nodes}
    names = first_names(dense)
    changed: set[fx.Node] = set()
    for node in pruned.graph.nodes:
        twin = twins.get(node.name)
        if node.op == "get_attr":
            if twin is None:
                continue
            target = str(twin.target)
            own, other = _attribute(pruned, str(node.target)), tensors.get(names.get(target, ""))
            if _differ(own, _attribute(dense, target) if other is None else other):
                changed.add(node)
        elif twin is None or _reads_otherwise(node, twin, changed):
            changed.add(node)
    return changed


def live_nodes(module: fx.GraphModule) -> set[fx.Node]:
    """Return the nodes that depend on the inputs; the others are parameters and views of them."""
    live: set[fx.Node] = set()
    for node in module.graph.nodes:
        if node.op == "placeholder" or any(source in live for source in node.all_input_nodes):
            live.add(node)
    return live


def _reads_otherwise(node: fx.Node, twin: fx.Node, changed: set[fx.Node]) -> bool:
    if any(source in changed for source in node.all_input_nodes):
        return True
    same = str(node.args) == str(twin.args) and str(node.kwargs) == str(twin.kwargs)
    return node.op == "call_function" and not same


def _differ(one: Any, other: Any) -> bool:
    if not (isinstance(one, Tensor) and isinstance(other, Tensor)):
        return False
    return one.shape != other.shape or not torch.equal(one, other)


def _attribute(module: fx.GraphModule, target: str) -> Any:
    value: Any = module
    for part in target.split("."):
        value = getattr(value, part)
    return value
