"""Put the operators of nested blocks into the graph itself, where the block changes nothing.

``torch.export`` keeps ``with torch.autocast(…, enabled=False)`` and ``with torch.no_grad()`` as a
call of an inner graph. Outside of autocast both run their operators as they are.
"""

from typing import Any, Final

import torch
from torch import fx
from torch.utils import _pytree as pytree

_BLOCKS: Final = {"wrap_with_autocast": 4, "wrap_with_set_grad_enabled": 1}
"""Higher-order operator → position of the inner graph among its arguments."""


def inline_blocks(module: fx.GraphModule) -> None:
    """Rewrite ``module`` in place so that operators stand in it that stood in inner graphs."""
    for node in list(module.graph.nodes):
        name = getattr(node.target, "__name__", "")
        if node.op != "call_function" or name not in _BLOCKS or _is_autocast(node):
            continue
        position = _BLOCKS[name]
        inner = module.get_submodule(str(node.args[position].target))
        assert isinstance(inner, fx.GraphModule)
        inline_blocks(inner)
        _inline(module, node, inner, node.args[position + 1 :])
    module.graph.eliminate_dead_code()
    module.recompile()


def _is_autocast(node: fx.Node) -> bool:
    """Whether the block computes in another precision."""
    return getattr(node.target, "__name__", "") == "wrap_with_autocast" and bool(node.args[2])


def _inline(
    module: fx.GraphModule, call: fx.Node, inner: fx.GraphModule, arguments: tuple[Any, ...]
) -> None:
    inside: dict[fx.Node, Any] = {}
    values = iter(arguments)
    result: Any = None
    with module.graph.inserting_before(call):
        for node in inner.graph.nodes:
            if node.op == "placeholder":
                inside[node] = next(values)
            elif node.op == "output":
                result = fx.node.map_arg(node.args[0], lambda source: inside[source])
            elif node.op == "get_attr":
                target = f"{call.name}_{str(node.target).replace('.', '_')}"
                value = _attribute(inner, str(node.target))
                if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
                    module.register_buffer(target, value, persistent=False)
                else:
                    setattr(module, target, value)
                inside[node] = module.graph.get_attr(target)
            else:
                inside[node] = module.graph.node_copy(node, lambda source: inside[source])
    flat = pytree.tree_leaves(result)
    for user in list(call.users):
        user.replace_all_uses_with(flat[int(str(user.args[1]))])
        module.graph.erase_node(user)
    module.graph.erase_node(call)


def _attribute(module: torch.nn.Module, dotted: str) -> Any:
    value: Any = module
    for part in dotted.split("."):
        value = getattr(value, part)
    return value
