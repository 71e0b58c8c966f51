"""Operators over space: pooling, resizing, folding. Channels pass, space stays."""

from typing import Final

from torch import fx

from analysis.capture.functional import operator_name
from analysis.coupling.labels import Dim
from analysis.coupling.table import Value, rule
from analysis.coupling.walk import Walk

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
def pool(walk: Walk, node: fx.Node) -> Value:
    """Windows over the last dimensions; everything before them passes."""
    name = operator_name(node)
    rank = next(int(digit) for digit in name if digit.isdigit())
    dims = walk.dims(node.args[0])
    lead = len(dims) - rank
    for dim in dims[lead:]:
        walk.ledger.block(dim, f"{name} slides over it")
    if len(node.target._schema.returns) > 1:  # type: ignore[union-attr]
        return [
            (*dims[:lead], *(Dim(size) for size in sizes[lead:])) for sizes in walk.shapes(node)
        ]
    return (*dims[:lead], *(Dim(size) for size in walk.shape(node)[lead:]))


@rule("grid_sampler", "grid_sampler_2d", "grid_sampler_3d")
def grid_sampler(walk: Walk, node: fx.Node) -> Value:
    """Sample space at given places; channels pass."""
    dims, sizes = walk.dims(node.args[0]), walk.shape(node)
    for dim in (*dims[2:], *walk.dims(node.args[1])):
        walk.ledger.block(dim, "grid_sampler interpolates over it")
    return (*dims[:2], *(Dim(size) for size in sizes[2:]))
