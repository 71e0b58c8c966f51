"""One small coupling rule per ATen operator, a file per family; importing fills the table."""

from prunescope.coupling.rules import (
    attention,
    constants,
    convolution,
    einsum,
    elementwise,
    embedding,
    experts,
    indexing,
    join,
    norms,
    products,
    rearrange,
    recurrent,
    reduce,
    regroup,
    spatial,
)

__all__ = [
    "attention",
    "constants",
    "convolution",
    "einsum",
    "elementwise",
    "embedding",
    "experts",
    "indexing",
    "join",
    "norms",
    "products",
    "rearrange",
    "recurrent",
    "reduce",
    "regroup",
    "spatial",
]
