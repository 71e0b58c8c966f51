"""The page *Curves*: what every method does to every layer."""

from dataclasses import replace

import streamlit as st

from prunescope.charts.curves import empty_figure
from prunescope.dashboard.shared import loaders, page_header, session, study_jobs, view
from prunescope.dashboard.shared.drop_input import drop_input
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import WORDS
from prunescope.dashboard.tables.plan import family
from prunescope.dashboard.views.curves import (
    beside_panel,
    block_panel,
    coupled_panel,
    heat_map_panel,
    largest_panel,
    layer_curves,
    layer_list,
    predicted_panel,
)
from prunescope.dashboard.views.curves.layer_curves import NEAR, SCALES, scale_word
from prunescope.dashboard.views.curves.layer_list import SORTS, noun
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK
from prunescope.study.other_metrics import metric_names
from prunescope.text.scores import ScoreWords, words_of


def page() -> None:
    """Show the curves of the chosen study."""
    place = page_header.place()
    opened = page_header.study()
    known = loaders.measured(opened) if opened is not None else None
    if opened is not None and known is not None and not known.curves and loaders.largest(opened):
        largest_panel.show(opened)
        return
    if opened is None or known is None or not known.curves:
        if place is not None and study_jobs.running(place) is not None:
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
        table = layer_list.show(opened, known, limit, granularity)
    if table.empty:
        st.info(f"No {noun(granularity)}'s name or kind contains what you search for.")
        return
    layer = layer_list.chosen(table)
    with right:
        layer_curves.show(opened, known, layer, limit, granularity)
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
        order = list(SORTS)
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
            "Draw", list(SCALES), format_func=lambda name: scale_word(name, words), required=True,
            key=view.kept("curves scale", "score", view.one_of(SCALES)),
        )  # fmt: skip
    return limit or 0.0
