"""The list of layers or groups that was searched and sorted, and the one chosen from it."""

from typing import Final

import pandas as pd
import streamlit as st

from prunescope.curves.curve import subjects
from prunescope.dashboard.shared import session, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import curve_column, height, text_width
from prunescope.dashboard.tables.layers import layer_table, measured_range
from prunescope.dashboard.views.curves import (
    heat_map_panel,
)
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import words_of

SORTS: Final = {
    "Forward order": (None, True),
    "Most sensitive": ("Mean drop", False),
    "Least sensitive": ("Mean drop", True),
    "Most weights": ("Weights", False),
    "Most MACs": ("MACs", False),
    "Safe to least": ("Safe to", True),
}


def show(
    opened: StudyFolder, known: StudyMeasurements, limit: float, granularity: str
) -> pd.DataFrame:
    """Show the layers or groups that are searched for, and return them as a table."""
    grouped, words = granularity != "weight", words_of(opened.manifest)
    names = [name for name in subjects(opened.manifest) if name in set(known.points["subject"])]
    table = layer_table(opened.manifest, known.means, names, limit, grouped)
    search = st.session_state["curves search"]
    if search:
        text = table["Layer"] + " " + table["Kind"]
        table = table[text.str.contains(search, case=False, regex=False)]
    column, ascending = SORTS[st.session_state["curves sort"]]
    if column is not None:
        table = table.sort_values(column, ascending=ascending, kind="stable")
    table = table.reset_index(drop=True)
    if table.empty:
        return table
    order = list(table["Layer"])
    picks = st.session_state.get(heat_map_panel.PICKS, 0)
    key = f"curves table {hash(tuple(order))} {picks}"
    wanted = session.remembered("layer")
    first = order.index(wanted) if wanted in order else 0
    plural = "" if len(order) == 1 else "s"
    st.markdown(
        f"**{len(order)}** {noun(granularity)}{plural} — choose one"
        + (", a row for all the layers coupled in it" if grouped else "")
    )
    take_away.table(opened, table, "Groups" if grouped else "Layers", "curves")
    st.dataframe(
        table,
        key=key, hide_index=True, height=height(len(table), 492), placeholder="–",
        on_select=lambda: _select(key, order),
        selection_mode="single-row-required", selection_default={"selection": {"rows": [first]}},
        column_order=[
            "Layer", *([] if grouped else ["Weights"]), "Mean drop", "Safe to", "Curve", "By",
        ],
        column_config=explained(table, {
            "Layer": st.column_config.TextColumn(
                "Group" if grouped else "Layer", pinned=True,
                width=text_width(table["Layer"], "Group" if grouped else "Layer"),
            ),
            "Weights": st.column_config.NumberColumn(format="compact", width=72),
            "Mean drop": st.column_config.NumberColumn(
                words.titled("Mean"), format=words.column_format,
                width=78 + 40 * (len(words.drop_unit) > 2),
                help="Area under the drop curve of the layer's best method, over the sparsities "
                "that all layers share.",
            ),
            "Safe to": st.column_config.NumberColumn(
                "Safe to", format="%d %%", width=70,
                help="Largest measured sparsity up to which the upper end of every point's 95 % "
                "interval (of the mean drop, over samples like these) is within the accepted drop. "
                "Without recovery, unless By names one. 0 % where nothing can be called safe.",
            ),
            "By": st.column_config.TextColumn(
                help="The method that reaches it.", width=text_width(table["By"], "By"),
            ),
            "Curve": curve_column(
                words.loss_word.capitalize(), "Of that method, against sparsity.",
                measured_range(known.means, words), words,
            ),
        }),
        alt="Layers with their sensitivity; choose a row to see its curves",
    )  # fmt: skip
    return table


def _select(key: str, order: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        session.remember("layer", order[rows[0]])


def chosen(table: pd.DataFrame) -> str:
    """Return the layer that is shown: the one chosen last, if it is in ``table``."""
    order = [str(name) for name in table["Layer"]]
    wanted = session.remembered("layer")
    layer = wanted if wanted in order else order[0]
    if wanted is not None and wanted not in order and not st.session_state["curves search"]:
        session.remember("layer", layer)
        st.toast(
            f"There is no measured layer {plain.text(repr(wanted))} here; "
            f"showing {plain.text(repr(layer))}."
        )
    return layer


def noun(granularity: str) -> str:
    """Return what a row is called."""
    return "layer" if granularity == "weight" else "group"
