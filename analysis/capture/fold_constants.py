"""Evaluate what hangs on constants alone: no input and no parameter can change it.

* a tensor that is written to (Swin's mask, filled window by window) is evaluated once, writes
  through views included, and becomes a buffer;
* a number read out of a constant with ``item`` becomes that number;
* a copy of a constant that nobody writes to is the constant.
"""

import operator
from collections.abc import Callable
from typing import Any, Final, cast

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import VIEWS, operator_name, writes

_SHAPE_ONLY: Final = {"new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like"}
_NUMBERS: Final = {"item", "_local_scalar_dense"}
_CHECKS: Final = {"_assert_scalar", "sym_constrain_range", "sym_constrain_range_for_size"}
_COPIES: Final = {"lift_fresh_copy", "lift_fresh"}


def fold_constants(module: fx.GraphModule) -> None:
    """Rewrite ``module`` in place: see above."""
    own_constants(module)
    fold_numbers(module)
    fold_written(module)


def own_constants(module: fx.GraphModule) -> None:
    """Make a buffer, which is not saved, of every tensor that the graph reads as an attribute."""
    known = {
        *dict(module.named_parameters(remove_duplicate=False)),
        *dict(module.named_buffers(remove_duplicate=False)),
    }
    for node in module.graph.nodes:
        target = str(node.target)
        if node.op != "get_attr" or target in known:
            continue
        value = _attribute(module, target)
        if isinstance(value, Tensor):
            path, _, name = target.rpartition(".")
            owner = module.get_submodule(path)
            delattr(owner, name)
            owner.register_buffer(name, value, persistent=False)
            known.add(target)


def fold_numbers(module: fx.GraphModule) -> None:
    """Replace numbers that are read out of constants by their values."""
    if not any(operator_name(n) in _NUMBERS for n in module.graph.nodes):
        return
    constant = _constants(module)
    for node in list(module.graph.nodes):
        if node.op == "call_function" and node in constant and operator_name(node) in _NUMBERS:
            for user in list(node.users):
                if operator_name(user) in _CHECKS and not user.users:
                    module.graph.erase_node(user)
                else:
                    _pass_number(user, node, constant[node])
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _pass_number(user: fx.Node, node: fx.Node, value: object) -> None:
    user.args, user.kwargs = pytree.tree_map(
        lambda leaf: value if leaf is node else leaf, (user.args, user.kwargs)
    )


def fold_copies(module: fx.GraphModule) -> None:
    """Read constants themselves instead of copies of them; no node may write to any."""
    for node in list(module.graph.nodes):
        if node.op == "call_function" and operator_name(node) in _COPIES:
            source = node.args[0]
            if isinstance(source, fx.Node) and source.op == "get_attr":
                node.replace_all_uses_with(source)
                module.graph.erase_node(node)


def fold_written(module: fx.GraphModule) -> None:
    """Evaluate written-to tensors that depend on no input and no parameter, and keep buffers."""
    constant = _constants(module)
    folded = 0
    written = _written_constants(constant)
    for node in list(module.graph.nodes):
        if node not in written or node.op == "get_attr":
            continue
        readers = [user for user in node.users if user not in written]
        value = constant[node]
        if not readers or not isinstance(value, Tensor):
            continue
        name = f"_folded_{folded}"
        folded += 1
        module.register_buffer(name, value.detach().clone(), persistent=False)
        with module.graph.inserting_before(node):
            getter = module.graph.get_attr(name)
        getter.meta = {"val": node.meta["val"]} if "val" in node.meta else {}
        for user in readers:
            user.replace_input_with(node, getter)
    for node in reversed(list(module.graph.nodes)):
        if node in written and not node.users:
            module.graph.erase_node(node)


def _constants(module: fx.GraphModule) -> dict[fx.Node, object]:
    """The value of every node that depends on no input and no parameter."""
    constant: dict[fx.Node, object] = {}
    for node in module.graph.nodes:
        if node.op == "get_attr":
            value = _attribute(module, str(node.target))
            if isinstance(value, Tensor) and not isinstance(value, torch.nn.Parameter):
                constant[node] = value
        elif node.op == "call_function" and _foldable(node, constant):
            args, kwargs = pytree.tree_map(
                lambda leaf: _evaluated(leaf, constant), (tuple(node.args), dict(node.kwargs))
            )
            with torch.no_grad():
                constant[node] = cast(Callable[..., Any], node.target)(*args, **kwargs)
    return constant


def _written_constants(constant: dict[fx.Node, object]) -> set[fx.Node]:
    """The constants that a write reaches: written tensors, their views, and what reads them."""
    roots = {_root(node.all_input_nodes[0]) for node in constant if _calls(node) and writes(node)}
    reached = {root for root in roots if root in constant}
    for node in constant:  # in graph order
        if any(source in reached for source in node.all_input_nodes):
            reached.add(node)
    return reached


def _calls(node: fx.Node) -> bool:
    return node.op == "call_function" and bool(node.all_input_nodes)


def _foldable(node: fx.Node, constant: dict[fx.Node, object]) -> bool:
    name = operator_name(node)
    needed = list(node.all_input_nodes)
    if name in _SHAPE_ONLY and needed:
        needed = needed[1:] if name.startswith("new_") else needed
        if name.endswith("_like") and needed[0] not in constant:
            return False
        static = all(isinstance(size, int) for size in _flatten(node.args[1:]))
        return static and all(n in constant for n in needed)
    if node.target is operator.getitem or isinstance(node.target, torch._ops.OpOverload):
        if writes(node) and node.all_input_nodes:
            # A write to a real buffer (a running mean) is not ours to evaluate.
            root = _root(node.all_input_nodes[0])
            if root.op == "get_attr":
                return False
        if "rand" in name or "dropout" in name or (not needed and name in ("sym_size",)):
            return False
        return all(n in constant for n in needed)
    return False


def _root(node: fx.Node) -> fx.Node:
    while node.op == "call_function" and operator_name(node) in VIEWS and node.all_input_nodes:
        node = node.all_input_nodes[0]
    return node


def _evaluated(leaf: object, constant: dict[fx.Node, object]) -> object:
    if not isinstance(leaf, fx.Node):
        return leaf
    return constant[leaf] if leaf in constant else _stand_in(leaf)


def _stand_in(node: fx.Node) -> Tensor:
    """A tensor of the dtype and device of ``node``, for operators that read nothing else."""
    value = node.meta["val"]
    return torch.empty(0, dtype=value.dtype, device=value.device)


def _flatten(args: object) -> list[object]:
    if isinstance(args, list | tuple):
        return [leaf for element in args for leaf in _flatten(element)]
    return [args]


def _attribute(module: torch.nn.Module, dotted: str) -> object:
    value: object = module
    for part in dotted.split("."):
        value = getattr(value, part)
    return value
