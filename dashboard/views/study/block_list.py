"""The table of residual blocks: what leaves with each, and which cannot leave."""

import streamlit as st

from prunescope.dashboard.shared import take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.blocks import block_table
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK


def show(opened: StudyFolder) -> None:
    """Show every residual sum of the study's model; nothing where it has none."""
    table = block_table(opened.manifest)
    if table.empty:
        return
    removable = len(opened.manifest.removable(BLOCK))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Blocks: what leaves whole", width="content", anchor=False)
        stay = len(table) - removable
        st.caption(
            f"{removable} can be removed"
            + (f"; {stay} cannot, with the reason" if stay else "; none has to stay")
        )
    take_away.table(opened, table, "Blocks")
    st.dataframe(
        table, hide_index=True, height=height(len(table), 360), placeholder="–",
        column_config=explained(table, {
            "Block": st.column_config.TextColumn(
                pinned=True, width=text_width(table["Block"], "Block")
            ),
            "Layers": st.column_config.TextColumn(
                width=text_width(table["Layers"], "Layers", 400),
                help="Layers with weights that only this block needs.",
            ),
            "Frees": st.column_config.NumberColumn(
                "Frees parameters", format="compact", help="When this block leaves alone."
            ),
            "Frees MACs": st.column_config.NumberColumn(
                "Frees MACs, % of model", format="percent"
            ),
            "Can leave": st.column_config.TextColumn(
                width=text_width(table["Can leave"], "Can leave", 460)
            ),
        }),
        alt="Every residual block with its layers, what it frees, and whether it can be removed",
    )  # fmt: skip
