"""The map of layers by sparsities on the page *Curves*."""

from typing import Final

import streamlit as st

from prunescope.dashboard.charts.heatmap import (
    BEST,
    TALLEST,
    colour_end,
    heat_figure,
    heat_table,
    pressed,
)
from prunescope.dashboard.shared import loaders, session, view
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.store.folder import StudyFolder
from prunescope.study.method import UNITS
from prunescope.text import plain
from prunescope.text.lists import listed
from prunescope.text.scores import words_of

_KEY: Final = "heat figure"
PICKS: Final = "heat picks"
"""How often the map has chosen: the table's own choice gives way to it."""


def show(
    opened: StudyFolder, known: StudyMeasurements, layers: list[str], chosen: str | None = None
) -> None:
    """Show the drops of ``layers`` (or groups) at every measured sparsity, by a chosen method.

    A press on a cell chooses its row for all pages; the row ``chosen`` is outlined.
    """
    present = list(dict.fromkeys(known.points["method"]))
    order = [method.name for method in opened.manifest.methods]
    present.sort(key=lambda name: order.index(name) if name in order else len(order))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Where it breaks", width="content", anchor=False)
        st.space("stretch")
        linked = session.remembered("method")
        method = st.segmented_control(
            "Method", [BEST, *present], required=True, label_visibility="collapsed",
            key=view.kept(
                "heat method", linked if linked in present else BEST, view.one_of([BEST, *present])
            ),
            format_func=plain.text,
        )  # fmt: skip
    method = str(method)
    session.remember("method", method)
    usual = known.points[known.points["recovery"] == "none"]
    cells = heat_table(usual if len(usual) else known.points, layers, method)
    if cells.empty:
        st.info(f"Nothing is measured by {plain.text(method)} for these layers yet.")
        return
    words = words_of(opened.manifest)
    end = colour_end(opened.manifest, loaders.measured(opened).points)
    figure = heat_figure(cells, layers, st.context.theme.type == "dark", end, words, chosen)
    with st.container(
        height=TALLEST if figure.layout.height > TALLEST else "content", border=False
    ):
        st.plotly_chart(
            figure, key=_KEY, on_select=lambda: _pick(layers), selection_mode="points",
            config=chart_config(opened, "map", method),
            alt=f"{words.drop_title} by layer and sparsity",
        )  # fmt: skip
    grouped = known.points["granularity"].isin(UNITS).any()
    steps = (
        " Units allow their own sparsities: those within three points of each other share a "
        "column, and the tip tells which it is."
    ) if grouped else ""  # fmt: skip
    recovery = "without recovery" if len(usual) else (
        f"after {listed(sorted(set(known.points['recovery'])), 'or')}"
    )  # fmt: skip
    st.caption(
        f"{words.mean_title} when that {'group' if grouped else 'layer'} alone is pruned so far, "
        f"{recovery}. Colours follow its square root, alike for all layers and methods: strongest "
        f"at {words.drop_short(end.drop)}, {end.meaning}. A dot is a {words.loss_word} whose 95 % "
        f"interval contains 0, an empty cell is not measured. A press on a cell chooses its "
        f"{'group' if grouped else 'layer'}.{steps}"
    )


def _pick(layers: list[str]) -> None:
    state = st.session_state.get(_KEY)
    name = pressed(list(state["selection"]["points"]) if state else [], layers)
    if name is not None and name != session.remembered("layer"):
        session.remember("layer", name)
        st.session_state[PICKS] = st.session_state.get(PICKS, 0) + 1
