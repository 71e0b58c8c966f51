"""The classes of the validation split: samples of each, and what the dense network recognises."""

import streamlit as st

from prunescope.dashboard.shared import take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.classes import balance_sentence, balance_table
from prunescope.store.folder import StudyFolder


def show(opened: StudyFolder) -> None:
    """Show the classes of a study, known before anything is measured; nothing without labels."""
    table = balance_table(opened.manifest)
    if table.empty:
        return
    with st.expander("Classes", icon=":material/category:"):
        st.caption(balance_sentence(opened.manifest))
        take_away.table(opened, table, "Classes")
        st.dataframe(
            table, hide_index=True, height=height(len(table), 400),
            column_config=explained(table, {
                "Class": st.column_config.TextColumn(
                    pinned=True, width=text_width(table["Class"], "Class")
                ),
                "Samples": st.column_config.NumberColumn(format="localized"),
                "Share": st.column_config.NumberColumn("Share, %", format="%.1f"),
                "Dense": st.column_config.NumberColumn(
                    "Recognised, %", format="%.1f",
                    help="Of the class's validation samples, by the dense network.",
                ),
            }),
            alt="Samples of every class, and how many the dense network recognises",
        )  # fmt: skip
