"""The page *Curves*: what every method does to every layer."""

from typing import Final

import pandas as pd
import streamlit as st

from analysis.curves import subjects
from analysis.store.folder import Study
from dashboard import frame, loaders, session, units
from dashboard.charts.colours import by_criterion
from dashboard.charts.curves import curves_figure
from dashboard.charts.heatmap import BEST, heat_figure, heat_table
from dashboard.loaders import Measured
from dashboard.tables import family, layer_table
from dashboard.views.parts import coupled
from dashboard.views.parts.words import WORDS, height

_SORTS: Final = {
    "Forward order": (None, True),
    "Most sensitive": ("Mean drop", False),
    "Least sensitive": ("Mean drop", True),
    "Most weights": ("Weights", False),
    "Most MACs": ("MACs", False),
    "Safe to least": ("Safe to", True),
}
NEAR: Final = 0.1
_SCALES: Final = {"score": "Score", "drop": "Drop", "entropy": "Cross-entropy", "divergence": "KL"}


def page() -> None:
    """Show the curves of the chosen study."""
    opened = frame.required()
    if opened is None:
        return
    known = loaders.measured(opened)
    if not known.curves:
        st.info(
            "Nothing is measured in this study yet. Start a sweep on the Study page; curves "
            "appear here point by point.",
            icon=":material/show_chart:",
        )
        return
    known = _of_granularity(known)
    limit = _controls()
    left, right = st.columns([5, 7], gap="medium")
    with left:
        table = _table(opened, known, limit)
    if table.empty:
        st.info("No layer's name or kind contains what you search for.")
        return
    layer = _chosen(table)
    with right:
        _curves(opened, known, layer, limit)
        coupled.show(opened, layer)
    _heat(opened, known, list(table["Layer"]))


def _of_granularity(known: Measured) -> Measured:
    """Keep what leaves in one way: zeroed weights and removed units share no axis."""
    found = list(dict.fromkeys(map(family, known.points["granularity"])))
    if len(found) < 2:
        return known
    chosen = st.segmented_control(
        "What leaves", found, key="curves granularity", default=found[0], required=True,
        format_func=lambda name: WORDS.get(name, name), label_visibility="collapsed",
    )  # fmt: skip
    return Measured(
        known.frame,
        known.points[known.points["granularity"].map(family) == chosen],
        {key: c for key, c in known.curves.items() if family(key.method.granularity) == chosen},
    )


def _controls() -> float:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Search layers", key="curves search", placeholder="Name or kind", width=220)
        st.selectbox("Sort by", list(_SORTS), key="curves sort", width=180)
        limit = st.number_input(
            "Accepted drop, points", 0.0, 100.0, value=1.0, step=0.5, key="limit", width=170,
            persist_state="session", help="A layer is safe up to the largest measured sparsity "
            "below which no point drops further than this.",
        )  # fmt: skip
        st.space("stretch")
        st.toggle("Near dense", key="near", help="Only drops of up to ten points.")
        st.segmented_control(
            "Draw", list(_SCALES), format_func=lambda name: _SCALES[name], key="curves scale",
            default="score", required=True,
        )  # fmt: skip
    return float(limit) / 100


def _table(opened: Study, known: Measured, limit: float) -> pd.DataFrame:
    names = [name for name in subjects(opened.manifest) if name in set(known.points["subject"])]
    table = layer_table(opened.manifest, known.curves, names, limit)
    search = st.session_state["curves search"]
    if search:
        text = table["Layer"] + " " + table["Kind"]
        table = table[text.str.contains(search, case=False, regex=False)]
    column, ascending = _SORTS[st.session_state["curves sort"]]
    if column is not None:
        table = table.sort_values(column, ascending=ascending, kind="stable")
    table = table.reset_index(drop=True)
    if table.empty:
        return table
    order = list(table["Layer"])
    key = f"curves table {hash(tuple(order))}"
    wanted = session.remembered("layer")
    first = order.index(wanted) if wanted in order else 0
    st.markdown(f"**{len(order)}** {'layer' if len(order) == 1 else 'layers'} — choose one")
    st.dataframe(
        table,
        key=key, hide_index=True, height=height(len(table), 492),
        on_select=lambda: _select(key, order),
        selection_mode="single-row-required", selection_default={"selection": {"rows": [first]}},
        column_order=["Layer", "Weights", "Mean drop", "Safe to", "By", "Curve"],
        column_config={
            "Layer": st.column_config.TextColumn(pinned=True),
            "Weights": st.column_config.NumberColumn(format="compact"),
            "Mean drop": st.column_config.NumberColumn(
                "Mean drop, pt", format="%.2f",
                help="Area under the drop curve of the layer's best method, over the sparsities "
                "that all layers share.",
            ),
            "Safe to": st.column_config.NumberColumn(
                "Safe to", format="%d %%",
                help="Largest measured sparsity up to which no point drops more than accepted.",
            ),
            "By": st.column_config.TextColumn(help="The method that reaches it."),
            "Curve": st.column_config.LineChartColumn(
                "Drop", y_min=0, width="small", help="Of that method, against sparsity."
            ),
        },
        alt="Layers with their sensitivity; choose a row to see its curves",
    )  # fmt: skip
    return table


def _select(key: str, order: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        session.remember("layer", order[rows[0]])


def _chosen(table: pd.DataFrame) -> str:
    order = [str(name) for name in table["Layer"]]
    wanted = session.remembered("layer")
    layer = wanted if wanted in order else order[0]
    if wanted is not None and wanted not in order and not st.session_state["curves search"]:
        session.remember("layer", layer)
        st.toast(f"There is no measured layer {wanted!r} here; showing {layer!r}.")
    return layer


def _curves(opened: Study, known: Measured, layer: str, limit: float) -> None:
    manifest = opened.manifest
    rows = known.points[known.points["subject"] == layer]
    order = [method.name for method in manifest.methods]
    names = [*order, *sorted(set(known.points["method"]) - set(order))]
    colours = by_criterion(names, st.context.theme.type == "dark")
    present = {name: colours[name] for name in names if name in set(rows["method"])}
    baseline = manifest.baseline.score if manifest.baseline else 0.0
    vertical = st.session_state["curves scale"]
    st.markdown(f"**{layer}** — {_describe(opened, layer)}")
    if vertical in ("entropy", "divergence") and rows[vertical].isna().all():
        st.info("This model's outputs are no class logits, so there is no cross-entropy here.")
        return
    metric = manifest.reference.metric.rpartition(":")[2]
    near = NEAR if st.session_state["near"] else None
    figure = curves_figure(rows, present, baseline, vertical, limit, metric.capitalize(), near)
    st.plotly_chart(
        figure, key="curves figure", config={"displaylogo": False},
        alt=f"{_SCALES[vertical]} of {layer} against sparsity, by {', '.join(present)}",
    )  # fmt: skip
    samples = int(rows["samples"].min())
    st.caption(
        f"Only this layer is pruned, the rest is dense. Bands: 95 % paired intervals, at least "
        f"{samples:,} samples per point; hollow marks lie within noise of the dense model."
    )


def _describe(opened: Study, name: str) -> str:
    for layer in opened.manifest.layers:
        if layer.name == name:
            parts = [
                layer.kind, " × ".join(map(str, layer.shape)),
                f"{units.count(layer.parameters)} weights",
            ]  # fmt: skip
            if layer.macs:
                share = layer.macs / max(opened.manifest.macs, 1)
                parts.append(f"{units.percent(share)} of all MACs")
            return ", ".join(parts)
    for group in opened.manifest.groups:
        if group.name == name:
            return f"{group.units} {group.granularity}s that leave together"
    return "no longer in the manifest"


def _heat(opened: Study, known: Measured, layers: list[str]) -> None:
    present = list(dict.fromkeys(known.points["method"]))
    order = [method.name for method in opened.manifest.methods]
    present.sort(key=lambda name: order.index(name) if name in order else len(order))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Where it breaks", width="content", anchor=False)
        st.space("stretch")
        linked = session.remembered("method")
        method = st.segmented_control(
            "Method", [BEST, *present], key="heat method", required=True,
            default=linked if linked in present else BEST, label_visibility="collapsed",
        )  # fmt: skip
    session.remember("method", method)
    plain = known.points[known.points["recovery"] == "none"]
    cells = heat_table(plain if len(plain) else known.points, layers, method)
    if cells.empty:
        st.info(f"Nothing is measured by {method} for these layers yet.")
        return
    st.plotly_chart(
        heat_figure(cells, layers, st.context.theme.type == "dark"), key="heat figure",
        config={"displaylogo": False}, alt="Drop in points by layer and sparsity",
    )  # fmt: skip
    st.caption(
        "Drop in points when that layer alone is pruned so far; the colour follows its square "
        "root. A dot is a drop within noise, an empty cell is not measured."
    )
