"""Rewrite the sizes that a graph holds as constants, one small function per operator."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from torch import fx

from prunescope.arrays import Flags
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument, set_argument
from prunescope.coupling.rules.indexing import bounds
from prunescope.errors import CannotPrune
from prunescope.removal.rewrite_context import Rewrite as Rewrite

Rewriter = Callable[[Rewrite, fx.Node, fx.Node], None]


def _topk(context: Rewrite, old: fx.Node, _new: fx.Node) -> None:
    dims = context.dims(old.args[0])
    dim, count = dims[argument(old, "dim", -1) % len(dims)], argument(old, "k")
    if context.selection.touches(dim) and context.selection.count(dim) < count:
        raise CannotPrune(
            f"Expected at least {count} experts to stay, as each token is given to {count}, but "
            f"got {context.selection.count(dim)}. Remove fewer."
        )


def _histogram(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    (dim,) = context.dims(old) or (None,)
    if dim is not None and context.selection.touches(dim):
        left = context.selection.count(dim)
        new.args, new.kwargs = (new.args[0], left, 0, left - 1), {}


def _sizes(name: str) -> Rewriter:
    """The rewriter of an operator whose argument ``name`` is the shape of its result."""

    def rewrite(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
        dims = context.dims(old)
        sizes = list(argument(new, name))
        dims = dims[len(dims) - len(sizes) :]
        sizes_left = [context.resized(s, dim, new) for s, dim in zip(sizes, dims, strict=True)]
        if sizes_left != sizes:
            set_argument(new, name, sizes_left)

    return rewrite


def _unflatten(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims, sizes = context.dims(old), list(argument(new, "sizes"))
    start = argument(old, "dim") % (len(dims) - len(sizes) + 1)
    inside = dims[start : start + len(sizes)]
    sizes_left = [context.resized(s, dim, new) for s, dim in zip(sizes, inside, strict=True)]
    set_argument(new, "sizes", sizes_left)


def _repeats(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    name = "repeats" if "repeat" in str(old.target) else "dims"
    dims, source = context.dims(old), context.dims(old.args[0])
    times = list(argument(new, name))
    for back in range(1, len(times) + 1):
        single = len(source) < back or source[-back].size == 1
        if single and back <= len(dims) and context.selection.touches(dims[-back]):
            times[-back] = context.selection.count(dims[-back])
    set_argument(new, name, times)


def _interleave(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims, source = context.dims(old), context.dims(old.args[0])
    axis = argument(old, "dim")
    if axis is None:
        return
    dim = dims[axis % len(dims)]
    if context.selection.touches(dim):
        set_argument(new, "output_size", None)
        one = source[axis % len(dims)]
        if not context.selection.touches(one):  # so some of the copies leave
            left = context.selection.size(dim) // one.size
            set_argument(new, "repeats", left)


def _pieces(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    """Pieces can become uneven, so all their sizes are listed."""
    axis = argument(old, "dim", 0)
    pieces = [dims[axis] for dims in context.outputs(old)]
    if any(context.selection.touches(dim) for dim in pieces):
        new.target = torch.ops.aten.split_with_sizes.default
        sizes = [context.selection.count(dim) for dim in pieces]
        new.args, new.kwargs = (new.args[0], sizes, axis), {}


def _slice(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims = context.dims(old.args[0])
    axis = argument(old, "dim", 0) % len(dims)
    dim = dims[axis]
    if not context.selection.touches(dim) or dim.size == context.dims(old)[axis].size:
        return
    start, stop, step = bounds(old, dim.size, context.number)
    keep = context.full(dim)
    picked = (np.cumsum(keep) - 1)[start:stop:step][keep[start:stop:step]]
    steps = np.diff(picked)
    if len(picked) and (steps == steps[:1]).all():
        step = int(steps[0]) if len(steps) else 1
        new.target = torch.ops.aten.slice.Tensor
        new.args = (new.args[0], axis, int(picked[0]), int(picked[-1]) + 1, step)
    else:
        chosen = context.constant(torch.from_numpy(picked), new)
        new.target = torch.ops.aten.index_select.default
        new.args = (new.args[0], axis, chosen)
    new.kwargs = {}


def _slice_scatter(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims = context.dims(old)
    axis = argument(old, "dim", 0) % len(dims)
    if not context.selection.touches(dims[axis]):
        return
    start, stop, step = bounds(old, dims[axis].size, context.number)
    keep = context.full(dims[axis])
    if step != 1:
        raise CannotPrune(
            f"Expected slice_scatter at {old.name} to write a solid range, but its step is {step}. "
            "Keep this group whole."
        )
    new.args = (*new.args[:2], axis, int(keep[:start].sum()), int(keep[:stop].sum()), 1)
    new.kwargs = {}


def _select(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims = context.dims(old.args[0])
    dim = dims[argument(old, "dim") % len(dims)]
    if context.selection.touches(dim):
        index = int(context.number(argument(old, "index"))) % dim.size
        set_argument(new, "index", int(context.full(dim)[:index].sum()))


def _index_select(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims = context.dims(old.args[0])
    dim = dims[argument(old, "dim") % len(dims)]
    numbers = context.selection.coupling.walk.constant(argument(old, "index"))
    if numbers is not None and context.selection.touches(dim):
        picked = context.constant(_new_positions(context, dim, numbers), new)
        set_argument(new, "index", picked)


def _index(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    numbers = list(argument(old, "indices"))
    for axis, numbers_of_axis in enumerate(numbers):
        dim = context.dims(old.args[0])[axis]
        constant = context.selection.coupling.walk.constant(numbers_of_axis)
        if constant is not None and context.selection.touches(dim):
            sizes_left: list[Any] = list(argument(new, "indices"))
            sizes_left[axis] = context.constant(_new_positions(context, dim, constant), new)
            set_argument(new, "indices", sizes_left)


def _new_positions(context: Rewrite, dim: Dim, numbers: torch.Tensor) -> torch.Tensor:
    """The new positions of the indices that ``numbers`` pick, without the removed ones."""
    keep = torch.from_numpy(context.full(dim))
    picked = numbers.to(keep.device) % len(keep)
    return (torch.cumsum(keep, 0) - 1)[picked][keep[picked]].to(numbers.device)


def _groups(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    """Depthwise convolutions get fewer groups; others keep them, with fewer channels each."""
    name = "num_groups" if "group_norm" in str(old.target) else "groups"
    count = argument(old, name, 1)
    if count == 1:
        return
    dims = context.dims(old.args[0])
    axis = 1
    if name == "groups" and argument(old, "weight") is not None:
        axis = len(dims) - len(context.dims(argument(old, "weight"))) + 1
    if not context.selection.touches(dims[axis]):
        return
    grid = context.full(dims[axis]).reshape(count, -1)
    if grid.shape[1] == 1:
        set_argument(new, name, int(grid.sum()))
    elif (grid != grid[:1]).any():
        raise CannotPrune(
            f"Expected the groups of {old.name} to stay equal, but this removal leaves them "
            "uneven. Remove one channel from each group."
        )


def _convolution(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    _groups(context, old, new)
    for axis, dim in enumerate(context.dims(old.args[0])):
        whole = (old, axis) in context.selection.coupling.walk.whole
        if whole and context.selection.touches(dim):
            behind = len(context.dims(old)) - axis
            _run_whole(context, new, axis, behind, context.full(dim))


def _run_whole(context: Rewrite, new: fx.Node, axis: int, behind: int, keep: Flags) -> None:
    """Put zeros where indices are gone, run the filter, and drop what it gives there."""
    aten, source = torch.ops.aten, new.args[0]
    places = np.where(keep, np.cumsum(keep) - 1, keep.sum())
    amounts = [0] * (2 * behind - 1) + [1]
    with context.graph.inserting_before(new):
        padded = context.graph.call_function(aten.constant_pad_nd.default, (source, amounts, 0.0))
    spread = context.constant(torch.from_numpy(places), new)
    with context.graph.inserting_before(new):
        full = context.graph.call_function(aten.index_select.default, (padded, axis, spread))
        result = context.graph.call_function(new.target, (full, *new.args[1:]), new.kwargs)  # type: ignore[arg-type]
    left = context.constant(torch.from_numpy(np.flatnonzero(keep)), new)
    new.target, new.args, new.kwargs = aten.index_select.default, (result, axis, left), {}


def _normalized_shape(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    shape = list(argument(new, "normalized_shape"))
    dims = context.dims(old)[-len(shape) :]
    sizes_left = [context.resized(s, dim, new) for s, dim in zip(shape, dims, strict=True)]
    set_argument(new, "normalized_shape", sizes_left)


def _pad(context: Rewrite, old: fx.Node, new: fx.Node) -> None:
    dims = context.dims(old)
    amounts = list(argument(new, "pad"))
    for pair in range(len(amounts) // 2):
        dim = dims[len(dims) - 1 - pair]
        if context.selection.touches(dim) and (amounts[2 * pair] or amounts[2 * pair + 1]):
            keep = context.full(dim)
            before, after = amounts[2 * pair : 2 * pair + 2]
            amounts[2 * pair] = int(keep[:before].sum())
            amounts[2 * pair + 1] = int(keep[len(keep) - after :].sum())
    set_argument(new, "pad", amounts)


_SIZED: Final = {
    "view": "size", "_unsafe_view": "size", "reshape": "shape", "expand": "size",
    "broadcast_to": "size", "zeros": "size", "ones": "size", "full": "size", "empty": "size",
    "new_zeros": "size", "new_ones": "size", "new_full": "size", "new_empty": "size",
}  # fmt: skip

REWRITES: Final[dict[str, Rewriter]] = {
    **{operator_: _sizes(name) for operator_, name in _SIZED.items()},
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split"), _pieces),
    **dict.fromkeys(("slice", "narrow"), _slice),
    **dict.fromkeys(
        ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "group_norm",
         "channel_shuffle", "native_channel_shuffle"), _groups,
    ),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), _convolution),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normalized_shape),
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
    **dict.fromkeys(("repeat", "tile"), _repeats),
    "unflatten": _unflatten,
    "repeat_interleave": _interleave,
    "slice_scatter": _slice_scatter,
    "select": _select,
    "index_select": _index_select,
    "index": _index,
    "topk": _topk,
    "histc": _histogram,
}  # fmt: skip
"""ATen operator → what changes in its arguments; the others hold no size."""
