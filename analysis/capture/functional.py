"""Make a captured graph functional: no operator writes to a tensor that another node reads.

``torch.export`` keeps in-place operators (``relu_``, ``add_``, Swin's ``fill_`` on a view of its
mask). Replay and removal keep tensors between nodes, so a write would falsify them. What hangs on
constants alone is evaluated first (``fold_constants``). Any in-place operator left becomes its
out-of-place twin, and later readers of the written tensor read the twin's result. A write through
slices becomes a ``slice_scatter``; a write through any other view is left to torch (``capture``).
"""

import operator
from typing import Final, cast

import torch
from torch import fx

from prunescope.errors import CannotCapture

VIEWS: Final = {
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


def writes(node: fx.Node) -> bool:
    """Return whether the operator that ``node`` calls writes to one of its arguments."""
    target = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.is_mutable


_PERMUTES: Final = ("permute", "transpose", "t", "movedim", "swapaxes", "swapdims")


def make_functional(module: fx.GraphModule) -> None:
    """Rewrite ``module`` in place so that none of its operators writes to its inputs.

    Raises:
        CannotCapture: An operator writes through a view of a tensor that depends on the inputs.
    """
    for node in list(module.graph.nodes):
        if node.op == "call_function" and writes(node):
            _replace_write(module, node)
    module.graph.eliminate_dead_code()
    module.recompile()


def differentiable_copies(module: fx.GraphModule) -> None:
    """Replace ``copy``, for which torch has no derivative, by the tensor that is copied."""
    aten = torch.ops.aten
    for node in list(module.graph.nodes):
        if node.op != "call_function" or operator_name(node) != "copy":
            continue
        like, source = node.args[:2]
        with module.graph.inserting_before(node):
            spread = module.graph.call_function(aten.expand_as.default, (source, like))
            cast_ = module.graph.call_function(aten.type_as.default, (spread, like))
        spread.meta = cast_.meta = dict(node.meta)
        node.replace_all_uses_with(cast_)
        module.graph.erase_node(node)
    module.recompile()


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
    return operator_name(node) in VIEWS


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


def loosen_views(module: fx.GraphModule) -> None:
    """Let what views a permuted tensor copy it where it must, in place.

    A trace drops ``contiguous()`` where the tensor happens to lie so; with another batch, or fewer
    channels, a convolution may lay its output out otherwise, and the view would not exist.
    """
    for node in module.graph.nodes:
        if node.target is not torch.ops.aten.view.default:
            continue
        source = node.args[0]
        if isinstance(source, fx.Node) and operator_name(source) in _PERMUTES:
            node.target = torch.ops.aten.reshape.default
    module.recompile()
