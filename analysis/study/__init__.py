"""What is studied: model, data, metric and their fingerprint, and the words for sparsity, method.

A study is a folder (see ``analysis.store``); its ``study.json`` is a ``Manifest``. Torch-free.
"""

from analysis.study.grid import SEEDS, Grid, check_names
from analysis.study.manifest import MEASUREMENT_VERSION, SCHEMA, Manifest, Reference
from analysis.study.order import doubling, looks, sample_order
from analysis.study.summaries import (
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
from analysis.study.words import (
    GRANULARITIES,
    SHUFFLED,
    Method,
    Pattern,
    is_control,
    parse_methods,
    parse_sparsities,
    pattern_of,
    sparsity,
)

__all__ = [
    "GRANULARITIES",
    "MEASUREMENT_VERSION",
    "SCHEMA",
    "SEEDS",
    "SHUFFLED",
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
    "Reference",
    "TensorSummary",
    "check_names",
    "doubling",
    "is_control",
    "looks",
    "parse_methods",
    "parse_sparsities",
    "pattern_of",
    "sample_order",
    "sparsity",
]
