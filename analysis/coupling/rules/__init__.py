"""One small coupling rule per ATen operator, a file per family; importing fills the table."""

from prunescope.coupling.rules import (
    attention,
    convolution,
    create,
    einsum,
    elementwise,
    join,
    lookup,
    norms,
    pick,
    products,
    rearrange,
    reduce,
    regroup,
    spatial,
)

__all__ = [
    "attention",
    "convolution",
    "create",
    "einsum",
    "elementwise",
    "join",
    "lookup",
    "norms",
    "pick",
    "products",
    "rearrange",
    "reduce",
    "regroup",
    "spatial",
]
