"""Make a captured graph functional: no operator writes to a tensor that another node reads.

``torch.export`` keeps in-place operators (``relu_``, ``add_``, Swin's ``fill_`` on a view of its
mask). Replay and removal keep tensors between nodes, so a write would falsify them. Two passes:

1. a tensor that depends on no input and no parameter and is written to (Swin's mask, filled
   window by window) is evaluated once, writes through views included, and becomes a constant;
2. any in-place operator left becomes its out-of-place twin, and later readers of the written
   tensor read the twin's result. A write through slices becomes a ``slice_scatter``; through
   any other view it is refused.
"""

import operator
from collections.abc import Callable
from typing import Any, Final, cast

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.errors import CannotCapture

_SHAPE_ONLY: Final = {"new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like"}
_VIEWS: Final = {
    "view", "reshape", "slice", "select", "transpose", "permute", "squeeze", "unsqueeze", "expand",
    "flatten", "narrow", "t", "chunk", "split", "unbind", "movedim", "moveaxis", "detach", "alias",
    "view_as", "reshape_as", "expand_as", "unflatten", "diagonal", "split_with_sizes", "ravel",
    "tensor_split", "unsafe_chunk", "unsafe_split", "hsplit", "vsplit", "dsplit", "swapaxes",
    "swapdims", "contiguous", "unfold", "as_strided", "real", "imag", "adjoint", "numpy_T",
    "matrix_H", "mT", "mH", "broadcast_to", "_unsafe_view", "view_as_real", "view_as_complex",
    # these give back their input itself where there is nothing to do:
    "to", "type_as", "dropout", "alpha_dropout", "feature_dropout", "dropout_", "lift_fresh",
}  # fmt: skip
"""Operators whose result may share memory with their first argument."""


def operator_name(node: fx.Node) -> str:
    """Return the bare name of the ATen operator that ``node`` calls, such as ``conv2d``."""
    if isinstance(node.target, torch._ops.OpOverload):
        return node.target._schema.name.split("::")[1]
    return getattr(node.target, "__name__", str(node.target))


def make_functional(module: fx.GraphModule) -> None:
    """Rewrite ``module`` in place so that none of its operators writes to its inputs.

    Raises:
        CannotCapture: An operator writes through a view of a tensor that depends on the inputs.
    """
    _fold_constants(module)
    for node in list(module.graph.nodes):
        if node.op == "call_function" and _writes(node):
            _replace_write(module, node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _writes(node: fx.Node) -> bool:
    target = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.is_mutable


def _replace_write(module: fx.GraphModule, node: fx.Node) -> None:
    written = node.args[0]
    name = operator_name(node)
    parts = _parts(node)
    refused = CannotCapture(
        f"Expected a graph without writes through views, but {name} at {node.name} writes "
        "into part of another tensor. Rewrite that line of the model with torch.where, "
        "torch.cat or an out-of-place operator."
    )
    if not isinstance(written, fx.Node):
        raise refused
    exact = _writes_first(node) and not (_is_view(written) and _read_elsewhere(written))
    if not parts and (not exact or _seen_later(written, node)):
        raise refused
    packet = getattr(torch.ops.aten, name.removesuffix("_"), None)
    overload = getattr(packet, getattr(node.target, "_overloadname", ""), None)
    with module.graph.inserting_after(node):
        if name == "copy_":
            source = node.args[1]
            twin = module.graph.call_function(torch.ops.aten.expand_as.default, (source, written))
        elif name in ("zero_", "fill_"):
            value = node.args[1] if name == "fill_" else 0
            twin = module.graph.call_function(torch.ops.aten.full_like.default, (written, value))
        elif overload is None:
            raise CannotCapture(
                f"Expected an out-of-place twin of {name}, but torch has none. Replace "
                f"{name} in the model's forward by an operator that returns a new tensor."
            )
        else:
            twin = module.graph.call_function(overload, node.args, node.kwargs)
    twin.meta = dict(node.meta)
    if parts:
        written, twin = _scatter_back(module, parts, twin)
    order = {element: index for index, element in enumerate(module.graph.nodes)}
    if not parts:
        node.replace_all_uses_with(twin)
    for user in list(written.users):
        if order[user] > order[twin]:
            user.replace_input_with(written, twin)
    module.graph.erase_node(node)


def _parts(node: fx.Node) -> list[fx.Node]:
    """The slices, outermost first, through which ``node`` writes into a computed tensor.

    None where another node reads them, their base has another view, or the base shares memory. In
    all other cases, putting the written part back into the base is the write's whole effect.
    """
    parts: list[fx.Node] = []
    view = node.args[0]
    while isinstance(view, fx.Node) and operator_name(view) == "slice":
        if set(view.users) - {node, *parts}:
            return []
        parts.insert(0, view)
        view = view.args[0]
    if not isinstance(view, fx.Node) or view.op != "call_function" or _is_view(view):
        return []
    others = set(view.users) - set(parts)
    return [] if node.users or any(_is_view(other) for other in others) else parts


def _scatter_back(
    module: fx.GraphModule, parts: list[fx.Node], twin: fx.Node
) -> tuple[fx.Node, fx.Node]:
    """Write ``twin`` into the slices ``parts``; return their base and the node that replaces it."""
    last = twin
    for part in reversed(parts):
        with module.graph.inserting_after(last):
            scatter = torch.ops.aten.slice_scatter.default
            last = module.graph.call_function(scatter, (part.args[0], last, *part.args[1:]))
        last.meta = dict(part.all_input_nodes[0].meta)
    return parts[0].all_input_nodes[0], last


def _read_elsewhere(view: fx.Node) -> bool:
    """Whether another node reads the tensor that ``view`` is a view of."""
    base = view.args[0]
    if not isinstance(base, fx.Node):
        return True
    if len(base.users) > 1 or base.op != "call_function":
        return True
    return _is_view(base) and _read_elsewhere(base)


def _is_view(node: fx.Node) -> bool:
    if node.op != "call_function":
        return False
    if node.target is operator.getitem:  # a piece of chunk, split or unbind
        return _is_view(node.all_input_nodes[0])
    return operator_name(node) in _VIEWS


def _writes_first(node: fx.Node) -> bool:
    """Whether the first argument, and no other, is what the operator writes to."""
    arguments = cast(torch._ops.OpOverload, node.target)._schema.arguments
    written = [bool(element.alias_info and element.alias_info.is_write) for element in arguments]
    return written[0] and sum(written) == 1


def _seen_later(written: fx.Node, write: fx.Node) -> bool:
    """Whether a view taken of ``written`` before ``write`` is read after it, and so changed."""
    order = {element: index for index, element in enumerate(write.graph.nodes)}
    views = [user for user in written.users if _is_view(user) and order[user] < order[write]]
    return any(
        order[reader] > order[write] or _seen_later(view, write)
        for view in views
        for reader in view.users
    )


def _fold_constants(module: fx.GraphModule) -> None:
    """Evaluate written-to tensors that depend on no input and no parameter, and keep buffers."""
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


def _written_constants(constant: dict[fx.Node, object]) -> set[fx.Node]:
    """The constants that a write reaches: written tensors, their views, and what reads them."""
    roots = {_root(node.all_input_nodes[0]) for node in constant if _calls(node) and _writes(node)}
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
        if _writes(node) and node.all_input_nodes:
            # A write to a real buffer (a running mean) is not ours to evaluate.
            root = _root(node.all_input_nodes[0])
            if root.op == "get_attr":
                return False
        if "rand" in name or "dropout" in name or (not needed and name in ("sym_size",)):
            return False
        return all(n in constant for n in needed)
    return False


def _root(node: fx.Node) -> fx.Node:
    while node.op == "call_function" and operator_name(node) in _VIEWS and node.all_input_nodes:
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
