"""The page *Curves*: what every method does to every layer."""

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from prunescope.charts.colours import by_criterion
from prunescope.charts.curves import curves_figure, empty_figure
from prunescope.curves.curve import subjects
from prunescope.curves.dense import dense_score
from prunescope.curves.safe import safest, why_none
from prunescope.dashboard.charts.predicted import add_predicted
from prunescope.dashboard.charts.screened import add_screened
from prunescope.dashboard.shared import loaders, page_header, session, take_away, view
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.drop_input import drop_input
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import WORDS, curve_column, height, text_width
from prunescope.dashboard.tables.layers import layer_table, measured_range, without_recovery
from prunescope.dashboard.tables.plan import family
from prunescope.dashboard.views.curves import (
    beside_panel,
    block_panel,
    coupled_panel,
    heat_map_panel,
    how_to_read,
    largest_panel,
    predicted_panel,
    screened_subject,
)
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest
from prunescope.study.method import BLOCK
from prunescope.study.other_metrics import metric_names
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.text import plain, units
from prunescope.text.predictions import prediction_sentence
from prunescope.text.scores import ScoreWords, words_of

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


def _scale(name: str, words: ScoreWords) -> str:
    """What can be drawn upwards, in the words of the study's metric."""
    return words.loss_word.capitalize() if name == "drop" else _SCALES[name]


def page() -> None:
    """Show the curves of the chosen study."""
    place = page_header.place()
    opened = page_header.study()
    known = loaders.measured(opened) if opened is not None else None
    if opened is not None and known is not None and not known.curves and loaders.largest(opened):
        largest_panel.show(opened)
        return
    if opened is None or known is None or not known.curves:
        if place is not None and loaders.running(place) is not None:
            _awaited()
        elif page_header.required() is not None:
            st.info(
                "Nothing is measured in this study yet. Start a sweep on the Study page; curves "
                "appear here point by point.",
                icon=":material/show_chart:",
            )
        return
    largest_panel.show(opened, expanded=False)
    opened = _drawn(opened)
    known, granularity = _of_granularity(loaders.measured(opened))
    if granularity == BLOCK:
        block_panel.show(opened, known)
        return
    words = words_of(opened.manifest)
    limit = _controls(words)
    if granularity == "weight":
        predicted_panel.show(opened, limit, list(known.points["subject"].unique()))
    left, right = st.columns(2, gap="medium")
    with left:
        table = _table(opened, known, limit, granularity)
    if table.empty:
        st.info(f"No {_noun(granularity)}'s name or kind contains what you search for.")
        return
    layer = _chosen(table)
    with right:
        _curves(opened, known, layer, limit, granularity)
    coupled_panel.show(opened, layer, granularity)
    heat_map_panel.show(opened, known, list(table["Layer"]), layer)
    beside_panel.show(opened, layer)


def _drawn(opened: StudyFolder) -> StudyFolder:
    """The study by the metric that is chosen among those that it stores."""
    names = metric_names(opened.manifest)
    if len(names) < 2:
        return opened
    titles = [words_of(opened.drawn_by(name).manifest).name for name in names]
    chosen = st.segmented_control(
        "Metric", names, format_func=dict(zip(names, titles, strict=True)).__getitem__,
        key=view.kept("curves metric", names[0], view.one_of(names)), required=True,
        help="All of these were measured at every point.",
    )  # fmt: skip
    return opened.drawn_by(chosen or names[0])


def _awaited() -> None:
    """Say that curves are coming, over empty axes, which make the browser fetch what draws."""
    st.info(
        "The first curves are on their way: the model is loaded and captured, then every point is "
        "measured on a few samples. They appear here and sharpen.",
        icon=":material/show_chart:",
    )
    st.plotly_chart(
        empty_figure(), key="curves awaited", config={"displaylogo": False},
        alt="Empty axes, until the first points are measured",
    )  # fmt: skip


def _of_granularity(known: StudyMeasurements) -> tuple[StudyMeasurements, str]:
    """Keep what leaves in one way: zeroed weights and removed units share no axis."""
    families = known.points["granularity"].map(family)
    found = sorted(families.unique(), key=list(WORDS).index)
    if len(found) < 2:
        return known, found[0]
    linked = set(families[known.points["subject"] == session.remembered("layer")])
    first = next((name for name in found if name in linked), found[0])
    chosen = st.segmented_control(
        "What leaves", found, required=True,
        key=view.kept("curves granularity", first, view.one_of(found)),
        format_func=lambda name: WORDS.get(name, name), label_visibility="collapsed",
    )  # fmt: skip
    means = {key: c for key, c in known.means.items() if family(key.method.granularity) == chosen}
    points = known.points[families == chosen]
    return replace(known, points=points, means=means), str(chosen)


def _controls(words: ScoreWords) -> float:
    with st.container(horizontal=True, vertical_alignment="bottom", key="curves controls"):
        st.text_input(
            "Search layers",
            key=view.kept("curves search", "", view.words()),
            placeholder="Name or kind",
            width=220,
        )
        order = list(_SORTS)
        key = view.kept("curves sort", order[0], view.one_of(order))
        st.selectbox("Sort by", order, key=key, width=180)
        limit = drop_input(
            words, f"Accepted {words.loss_word}", "limit", 0.01,
            "A layer is safe up to the largest measured sparsity up to which the whole interval "
            f"of every point's {words.loss_word} is within this.",
        )  # fmt: skip
        st.space("stretch")
        st.toggle(
            "Near dense",
            key=view.kept("near", False, view.switch),
            help=f"Only {words.loss_word}s of up to {words.limit(words.usual(NEAR))}.",
        )
        st.segmented_control(
            "Draw", list(_SCALES), format_func=lambda name: _scale(name, words), required=True,
            key=view.kept("curves scale", "score", view.one_of(_SCALES)),
        )  # fmt: skip
    return limit or 0.0


def _table(
    opened: StudyFolder, known: StudyMeasurements, limit: float, granularity: str
) -> pd.DataFrame:
    grouped, words = granularity != "weight", words_of(opened.manifest)
    names = [name for name in subjects(opened.manifest) if name in set(known.points["subject"])]
    table = layer_table(opened.manifest, known.means, names, limit, grouped)
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
    picks = st.session_state.get(heat_map_panel.PICKS, 0)
    key = f"curves table {hash(tuple(order))} {picks}"
    wanted = session.remembered("layer")
    first = order.index(wanted) if wanted in order else 0
    plural = "" if len(order) == 1 else "s"
    st.markdown(
        f"**{len(order)}** {_noun(granularity)}{plural} — choose one"
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


def _chosen(table: pd.DataFrame) -> str:
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


def _noun(granularity: str) -> str:
    return "layer" if granularity == "weight" else "group"


def _curves(
    opened: StudyFolder, known: StudyMeasurements, layer: str, limit: float, granularity: str
) -> None:
    manifest = opened.manifest
    rows = known.points[known.points["subject"] == layer]
    order = [method.name for method in manifest.methods]
    names = [*order, *sorted(set(known.points["method"]) - set(order))]
    colours = by_criterion(names, st.context.theme.type == "dark")
    present = {name: colours[name] for name in names if name in set(rows["method"])}
    baseline = manifest.baseline.score if manifest.baseline else 0.0
    vertical = st.session_state["curves scale"]
    st.markdown(f"**{plain.text(layer)}** — {plain.text(_describe(opened, layer, granularity))}")
    st.caption(_safe(known, layer, limit, manifest))
    if vertical in ("entropy", "divergence") and rows[vertical].isna().all():
        st.info("This model's outputs are no class logits, so there is no cross-entropy here.")
        return
    words = words_of(manifest)
    near = words.usual(NEAR) if st.session_state["near"] else None
    figure = curves_figure(
        rows, present, baseline, vertical, limit, words, near,
        "Weights removed from this layer" if granularity == "weight"
        else f"{granularity.capitalize()}s removed from this group",
        {name: dense_score(manifest, known.curves, name)
         for name in set(rows["recovery"]) & MOVES_DENSE},
    )  # fmt: skip
    unsure = screened_subject.of_subject(opened, known, layer, granularity)
    add_screened(figure, unsure, colours)
    foretold = predicted_panel.of_layer(opened, layer, granularity)
    add_predicted(figure, foretold, colours, baseline, vertical, words)
    st.plotly_chart(
        figure, key="curves figure", config=chart_config(opened, layer, _scale(vertical, words)),
        alt=f"{_scale(vertical, words)} of {layer} against sparsity, by {', '.join(present)}",
    )  # fmt: skip
    if foretold:
        first = foretold[0].points[0]
        told = prediction_sentence(first.anchors, first.error, words, first.granularity)
        st.caption(f"Dashed curves are no measurements. {told}")
    how_to_read.show(known, rows, unsure, layer, granularity, manifest)


def _safe(known: StudyMeasurements, name: str, limit: float, manifest: Manifest) -> str:
    """How far this layer or group can be pruned safely, or why nothing is called safe."""
    own = without_recovery(known.means).get(name, [])
    safe = safest(own, limit, manifest)
    return plain.text(safe.sentence() if safe else why_none(own, limit, manifest))


def _describe(opened: StudyFolder, name: str, granularity: str) -> str:
    if granularity != "weight":
        group = opened.manifest.group(name)
        return f"{group.units} {granularity}s that leave together from {len(group.layers)} layers"
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
    return "no longer in the manifest"
