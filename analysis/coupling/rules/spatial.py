"""Spatial operators (pooling, resizing): channels pass through, spatial dimensions are blocked."""

from typing import Final

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import BATCH, CouplingWalk, Value

_POOLS: Final = tuple(
    f"{name}{rank}d"
    for rank in (1, 2, 3)
    for name in ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool",
                 "_adaptive_avg_pool", "upsample_nearest", "_upsample_nearest_exact", "lp_pool")
)  # fmt: skip
_WITH_INDICES: Final = tuple(f"max_pool{rank}d_with_indices" for rank in (1, 2, 3))
_RESIZES: Final = (
    "upsample_bilinear2d", "upsample_bicubic2d", "upsample_linear1d", "upsample_trilinear3d",
    "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
)  # fmt: skip


@rule(*_POOLS, *_WITH_INDICES, *_RESIZES)
def pool(walk: CouplingWalk, node: fx.Node) -> Value:
    """Windows over the last dimensions; everything before them passes."""
    name = operator_name(node)
    rank = next(int(digit) for digit in name if digit.isdigit())
    dims = walk.dims(node.args[0])
    lead = len(dims) - rank
    if "1d" in name and _windows(walk, node, dims[-1]):
        labels = dims[-1].labels
        assert labels is not None
        size = walk.shape(node)[-1]
        return (*dims[:-1], Dim(size, labels.reshape(size, -1)[:, 0].copy(), dims[-1].why))
    for dim in dims[lead:]:
        walk.ledger.block(dim, f"{name} slides over it")
    if len(node.target._schema.returns) > 1:  # type: ignore[union-attr]
        return [
            (*dims[:lead], *(Dim(size) for size in sizes[lead:])) for sizes in walk.shapes(node)
        ]
    return (*dims[:lead], *(Dim(size) for size in walk.shape(node)[lead:]))


def _windows(walk: CouplingWalk, node: fx.Node, dim: Dim) -> bool:
    """Unite the units of each window, if windows lie side by side and cover everything."""

    def number(name: str, default: int) -> object:
        value = argument(node, name)
        value = value[0] if isinstance(value, list | tuple) and value else value
        return default if value in (None, []) else value

    width = number("kernel_size", 0)
    side_by_side = number("stride", int(str(width))) == width and number("padding", 0) == 0
    if not isinstance(width, int) or width < 2 or not side_by_side or number("dilation", 1) != 1:
        return False
    if dim.labels is None or dim.size % width or dim.size % BATCH == 0 or dim.size == width:
        return False
    walk.ledger.unite_along(dim.labels.reshape(-1, width), [1])
    return True


@rule("grid_sampler", "grid_sampler_2d", "grid_sampler_3d")
def grid_sampler(walk: CouplingWalk, node: fx.Node) -> Value:
    """Sample space at given places; channels pass."""
    dims, sizes = walk.dims(node.args[0]), walk.shape(node)
    for dim in (*dims[2:], *walk.dims(node.args[1])):
        walk.ledger.block(dim, "grid_sampler interpolates over it")
    return (*dims[:2], *(Dim(size) for size in sizes[2:]))
