"""A graph that also returns what some of its nodes compute."""

import copy
from collections.abc import Sequence

from torch import fx
from torch.utils import _pytree as pytree

from prunescope.capture.outputs import output_leaves


def with_inner_values(module: fx.GraphModule, names: Sequence[str]) -> fx.GraphModule:
    """Return a graph on the same tensors whose result is ``(outputs, values of the nodes)``.

    Args:
        module: Captured; not modified.
        names: Of nodes of its graph.
    """
    graph = copy.deepcopy(module.graph)
    wider = fx.GraphModule(module, graph)
    nodes = {node.name: node for node in graph.nodes}
    codegen, leaves = graph._codegen, output_leaves(wider)
    assert isinstance(codegen, fx.graph._PyTreeCodeGen)
    spec = codegen.pytree_info.out_spec
    outputs = pytree.tree_unflatten(leaves, spec) if spec is not None else tuple(leaves)
    flat, wider_spec = pytree.tree_flatten((outputs, tuple(nodes[name] for name in names)))
    next(iter(reversed(graph.nodes))).args = (tuple(flat),)
    codegen.pytree_info = codegen.pytree_info._replace(out_spec=wider_spec)
    wider.recompile()
    return wider
