"""Return the physically smaller network."""

import copy

import torch
from torch import Tensor, fx, nn

from prunescope.blocks import drop
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.coupling.walk import first_names
from prunescope.removal.block_masks import divided
from prunescope.removal.rewrite import REWRITES, Rewrite
from prunescope.removal.selection import Removal, Selection, positions


def remove(captured: Captured, removal: Removal) -> Captured:
    """Return ``captured`` without the units that ``removal`` masks out.

    Parameters and buffers are sliced, the graph's sizes are rewritten; names stay. The result
    shares no tensor with the original, runs at any batch size, trains, exports, and can be
    pruned again.

    Args:
        captured: Not modified.
        removal: Group name → bool mask over its units, True = keep. Groups that are left out
            stay whole. A block, by its name, is one unit, which may leave.

    Raises:
        UnknownName: A group that does not exist.
        BadValue: A mask of the wrong length.
        CannotPrune: A removal that leaves nothing of a group or of a dimension.
    """
    removal, blocks = divided(captured, removal)
    selection = Selection(captured, removal)
    selection.require_units()
    smaller = _copy_with(captured.module, _slice_tensors(captured.module, selection))
    context = Rewrite(selection, smaller, smaller.graph)
    pairs = list(zip(captured.module.graph.nodes, list(smaller.graph.nodes), strict=True))
    for old, new in pairs:
        new.meta.pop("val", None)
        rewrite = REWRITES.get(operator_name(old)) if old.op == "call_function" else None
        if rewrite is not None:
            rewrite(context, old, new)
    if blocks:
        drop(smaller, blocks)
    smaller.graph.lint()
    smaller.recompile()
    return Captured(smaller, captured.example, captured.largest, free=captured.free)


def _slice_tensors(module: fx.GraphModule, selection: Selection) -> dict[int, Tensor]:
    """The smaller tensors, by the identity of the old."""
    tensors = {**dict(module.named_buffers()), **dict(module.named_parameters())}
    smaller: dict[int, Tensor] = {}
    for name, dims in selection.coupling.walk.parameters.items():
        axes = [axis for axis, dim in enumerate(dims) if selection.touches(dim)]
        old = tensors.get(name)
        if not axes or old is None:
            continue
        new = old.detach()
        for axis in axes:
            keep = positions(selection.keep(dims[axis])).to(old.device)
            new = new.index_select(axis, keep)
        smaller[id(old)] = _like(old, new.contiguous())
    _rescale(module, selection, smaller)
    return smaller


def _like(old: Tensor, new: Tensor) -> Tensor:
    return nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new


def _rescale(module: fx.GraphModule, selection: Selection, smaller: dict[int, Tensor]) -> None:
    """Weight norm: rescale a filter's norm parameter, so that its kept weights do not change."""
    tensors = {**dict(module.named_buffers()), **dict(module.named_parameters())}
    names = first_names(module)
    for node in module.graph.nodes:
        if node.op != "call_function" or operator_name(node) != "_weight_norm":
            continue
        direction, length = (tensors[names[str(argument.target)]] for argument in node.args[:2])
        axis = node.args[2] if len(node.args) > 2 else 0
        dims = selection.coupling.walk.dims(node.args[0])
        if not any(
            selection.touches(dim) for other_axis, dim in enumerate(dims) if other_axis != axis
        ):
            continue
        other = [other_axis for other_axis in range(direction.ndim) if other_axis != axis]
        before = torch.linalg.vector_norm(direction.detach(), dim=other, keepdim=True)
        after = torch.linalg.vector_norm(smaller[id(direction)].detach(), dim=other, keepdim=True)
        if selection.touches(dims[axis]):
            keep = positions(selection.keep(dims[axis])).to(before.device)
            before = before.index_select(axis, keep)
        current = smaller.get(id(length), length).detach()
        smaller[id(length)] = _like(length, current * (after / before))


def _copy_with(module: fx.GraphModule, replaced: dict[int, Tensor]) -> fx.GraphModule:
    """A deep copy of ``module`` with some tensors replaced."""
    memo: dict[int, object] = dict(replaced)
    smaller: fx.GraphModule = copy.deepcopy(module, memo)
    names = set(smaller.state_dict(keep_vars=True))
    for name, old in module.state_dict(keep_vars=True).items():
        if name not in names:  # read by no node, yet part of the user's model
            _register(smaller, name, copy.deepcopy(old, memo))
    return smaller


def _register(module: nn.Module, dotted: str, tensor: Tensor) -> None:
    path, _, name = dotted.rpartition(".")
    for part in path.split(".") if path else []:
        if not hasattr(module, part):
            module.add_module(part, nn.Module())
        module = getattr(module, part)
    if isinstance(tensor, nn.Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)
