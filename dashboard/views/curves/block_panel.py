"""Residual blocks on the page *Curves*: each is one measured point, so bars instead of curves."""

import streamlit as st

from prunescope.curves.block_drops import block_drops
from prunescope.dashboard.charts.removed_blocks import block_figure
from prunescope.dashboard.shared import take_away
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.blocks import drop_table
from prunescope.store.folder import StudyFolder
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of


def show(opened: StudyFolder, known: StudyMeasurements) -> None:
    """Show what is lost when each measured block leaves, the cheapest first."""
    words = words_of(opened.manifest)
    drops = block_drops(known.curves.values(), opened.manifest)
    table = drop_table(opened.manifest, drops)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{counted(table['Block'].nunique(), 'block')}**, the cheapest first")
        take_away.table(opened, table, "Blocks", "curves")
        st.dataframe(
            table, hide_index=True, height=height(len(table), 492), placeholder="–",
            column_order=["Block", "Drop", "±",
                          *(["Recovery"] if table["Recovery"].nunique() > 1 else []),
                          "Frees MACs", "Frees", "Layers"],
            column_config=explained(table, {
                "Block": st.column_config.TextColumn(
                    pinned=True, width=text_width(table["Block"], "Block")
                ),
                "Drop": st.column_config.NumberColumn(
                    words.titled(words.loss_word.capitalize()), format=words.column_format,
                ),
                "±": st.column_config.NumberColumn(
                    format=words.column_format, width=60,
                    help="Half of the 95 % interval of this mean, over samples like these.",
                ),
                "Frees MACs": st.column_config.NumberColumn(
                    "Frees MACs, % of model", format="percent"
                ),
                "Frees": st.column_config.NumberColumn("Frees parameters", format="compact"),
            }),
            alt="Blocks with what is lost when each leaves, and what that frees",
        )  # fmt: skip
    with right:
        st.plotly_chart(
            block_figure(drops, st.context.theme.type == "dark", words),
            key="blocks figure", config=chart_config(opened, "blocks", "drop"),
            alt=f"{words.drop_title} when each block leaves",
        )  # fmt: skip
    st.caption(
        "Each block leaves alone: its sum becomes what passes the block by, and the rest of the "
        "network is dense. Blocks that leave together can lose far more than the sum of what each "
        "loses: measure the plan."
    )
