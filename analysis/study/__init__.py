"""The vocabulary of a study: reference, fingerprint, sparsity, method, grid, plan and summaries.

A study is a folder (see ``prunescope.store``); its ``study.json`` is a ``Manifest``. Torch-free.
"""

from prunescope.study.grid import SEEDS, Grid, check_names
from prunescope.study.manifest import MEASUREMENT_VERSION, SCHEMA, Manifest, Reference
from prunescope.study.method import (
    GRANULARITIES,
    SHUFFLED,
    UNITS,
    Method,
    Pattern,
    is_control,
    is_user_criterion,
    parse_methods,
    pattern_of,
)
from prunescope.study.point import KEY, Point, dense_key, measurement_version
from prunescope.study.sample_order import at_the_end, doubling, looks, sample_order
from prunescope.study.sparsity import parse_sparsities, sparsity
from prunescope.study.summaries import (
    Baseline,
    DimSummary,
    GraphSummary,
    GroupSummary,
    LayerSummary,
    MacTerm,
    MemberSummary,
    MethodSummary,
    NodeSummary,
    TensorSummary,
)

__all__ = [
    "GRANULARITIES",
    "KEY",
    "MEASUREMENT_VERSION",
    "SCHEMA",
    "SEEDS",
    "SHUFFLED",
    "UNITS",
    "Baseline",
    "DimSummary",
    "GraphSummary",
    "Grid",
    "GroupSummary",
    "LayerSummary",
    "MacTerm",
    "Manifest",
    "MemberSummary",
    "Method",
    "MethodSummary",
    "NodeSummary",
    "Pattern",
    "Point",
    "Reference",
    "TensorSummary",
    "at_the_end",
    "check_names",
    "dense_key",
    "doubling",
    "is_control",
    "is_user_criterion",
    "looks",
    "measurement_version",
    "parse_methods",
    "parse_sparsities",
    "pattern_of",
    "sample_order",
    "sparsity",
]
