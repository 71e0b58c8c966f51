"""Return the physically smaller network."""

import copy

import torch
from torch import Tensor, fx, nn

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.coupling.walk import first_names
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
            stay whole.

    Raises:
        UnknownName: A group that does not exist.
        BadValue: A mask of the wrong length.
        CannotPrune: A removal that leaves nothing of a group or of a dimension.
    """
    selection = Selection(captured, removal)
    selection.require_units()
    smaller = _copied(captured.module, _sliced(captured.module, selection))
    context = Rewrite(selection, smaller)
    pairs = list(zip(captured.module.graph.nodes, list(smaller.graph.nodes), strict=True))
    for old, new in pairs:
        new.meta.pop("val", None)
        rewrite = REWRITES.get(operator_name(old)) if old.op == "call_function" else None
        if rewrite is not None:
            rewrite(context, old, new)
    smaller.graph.lint()
    smaller.recompile()
    return Captured(smaller, captured.example)


def _sliced(module: fx.GraphModule, selection: Selection) -> dict[int, Tensor]:
    """The smaller tensors, by the identity of the old."""
    tensors = {**dict(module.named_buffers()), **dict(module.named_parameters())}
    made: dict[int, Tensor] = {}
    for name, dims in selection.coupling.walk.parameters.items():
        touched = [place for place, dim in enumerate(dims) if selection.touches(dim)]
        old = tensors.get(name)
        if not touched or old is None:
            continue
        new = old.detach()
        for place in touched:
            keep = positions(selection.keep(dims[place])).to(old.device)
            new = new.index_select(place, keep)
        made[id(old)] = _like(old, new.contiguous())
    _rescale(module, selection, made)
    return made


def _like(old: Tensor, new: Tensor) -> Tensor:
    return nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new


def _rescale(module: fx.GraphModule, selection: Selection, made: dict[int, Tensor]) -> None:
    """A filter of given length keeps its weights: its length becomes that of what is left."""
    tensors = {**dict(module.named_buffers()), **dict(module.named_parameters())}
    names = first_names(module)
    for node in module.graph.nodes:
        if node.op != "call_function" or operator_name(node) != "_weight_norm":
            continue
        direction, length = (tensors[names[str(each.target)]] for each in node.args[:2])
        place = node.args[2] if len(node.args) > 2 else 0
        dims = selection.coupling.walk.dims(node.args[0])
        if not any(selection.touches(dim) for at, dim in enumerate(dims) if at != place):
            continue
        other = [at for at in range(direction.ndim) if at != place]
        before = torch.linalg.vector_norm(direction.detach(), dim=other, keepdim=True)
        after = torch.linalg.vector_norm(made[id(direction)].detach(), dim=other, keepdim=True)
        if selection.touches(dims[place]):
            keep = positions(selection.keep(dims[place])).to(before.device)
            before = before.index_select(place, keep)
        current = made.get(id(length), length).detach()
        made[id(length)] = _like(length, current * (after / before))


def _copied(module: fx.GraphModule, replaced: dict[int, Tensor]) -> fx.GraphModule:
    """A deep copy of ``module`` in which some tensors are others."""
    memo: dict[int, object] = dict(replaced)
    smaller: fx.GraphModule = copy.deepcopy(module, memo)
    known = set(smaller.state_dict(keep_vars=True))
    for name, old in module.state_dict(keep_vars=True).items():
        if name not in known:  # read by no node, yet part of the user's model
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
