"""A zoo of tiny networks, one per coupling pattern, each with its own expected groups."""

from tests.zoo import (
    attention,
    chains,
    grouped,
    inputs_outputs,
    norms,
    products,
    refusals,
    residual,
    shared,
    slices,
    transformers,
)
from tests.zoo.network import ZOO, build

__all__ = [
    "ZOO",
    "attention",
    "build",
    "chains",
    "grouped",
    "inputs_outputs",
    "norms",
    "products",
    "refusals",
    "residual",
    "shared",
    "slices",
    "transformers",
]
