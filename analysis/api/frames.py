"""A study's layers and groups as DataFrames. Torch-free."""

import pandas as pd

from prunescope.study import Manifest


def layers_frame(manifest: Manifest) -> pd.DataFrame:
    """Return a row for each layer, in the order of the forward pass.

    Columns ``name, kind, parameter, shape, parameters, macs, activation_bytes, prunable, reason,
    group``.
    """
    names = ["name", "kind", "parameter", "shape", "parameters", "macs", "activation_bytes",
             "prunable", "reason", "group"]  # fmt: skip
    rows = [[getattr(layer, name) for name in names] for layer in manifest.layers]
    return pd.DataFrame(rows, columns=names)


def groups_frame(manifest: Manifest) -> pd.DataFrame:
    """Return a row for each group, in the order of the forward pass.

    Columns ``name, granularity, units, layers, unit_parameters, unit_macs, unit_bytes, prunable,
    reason``; what is counted of a unit is freed when one leaves alone.
    """
    names = ["name", "granularity", "units", "layers", "unit_parameters", "unit_macs",
             "unit_bytes"]  # fmt: skip
    rows = [
        [*(getattr(group, name) for name in names), group.reason is None, group.reason]
        for group in manifest.groups
    ]
    return pd.DataFrame(rows, columns=[*names, "prunable", "reason"])
