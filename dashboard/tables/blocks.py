"""What pages show of residual blocks, as DataFrames. No Streamlit."""

import pandas as pd

from prunescope.curves.block_drops import BlockDrop
from prunescope.dashboard.tables.groups import weighted
from prunescope.study import Manifest
from prunescope.study.method import BLOCK
from prunescope.text.numbers import unsigned_zero
from prunescope.text.scores import words_of


def block_table(manifest: Manifest) -> pd.DataFrame:
    """Return every block, removable or not, with its layers and what it frees."""
    rows = []
    for block in manifest.groups:
        if block.granularity != BLOCK:
            continue
        free = block.reason is None
        rows.append(
            {
                "Block": block.name,
                "Layers": ", ".join(weighted(manifest, block)) or "–",
                "Frees": block.unit_parameters if free else None,
                "Frees MACs": block.unit_macs / max(manifest.macs, 1) if free else None,
                "Can leave": "yes" if free else f"no: {block.reason}",
            }
        )
    return pd.DataFrame(rows)


def drop_table(manifest: Manifest, drops: tuple[BlockDrop, ...]) -> pd.DataFrame:
    """Return one row per measured point of a block, in the order of ``drops``."""
    words = words_of(manifest)
    return pd.DataFrame(
        [
            {
                "Block": drop.block.name,
                "Drop": unsigned_zero(words.shown_drop(drop.point.drop)),
                "±": words.shown_half(drop.point.drop, drop.point.interval.half_width),
                "Recovery": drop.recovery,
                "Frees": drop.block.unit_parameters,
                "Frees MACs": drop.block.unit_macs / max(manifest.macs, 1),
                "Layers": ", ".join(weighted(manifest, drop.block)),
            }
            for drop in drops
        ]
    )
