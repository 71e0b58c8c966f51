"""Another study beside this one: two models, or one before and after training."""

import streamlit as st

from prunescope.charts.colours import by_criterion
from prunescope.dashboard.charts.two_studies import two_studies_figure
from prunescope.dashboard.shared import loaders, page_header, take_away, view
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.two_studies import dense_table, layers_of_both
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import words_of

_KEY = "beside"


def show(opened: StudyFolder, layer: str) -> None:
    """Offer the other studies of the folder, and overlay the layer of the same name.

    Args:
        opened: The study that is open.
        layer: Layer or group that is chosen there.
    """
    others = {
        path.name: path
        for path in loaders.catalogue(page_header.folder())
        if path != opened.folder and loaders.study(path) is not None
    }
    if not others:
        return
    st.subheader("Beside another study", anchor=False)
    chosen = st.selectbox(
        "Study beside", ["", *others], key=view.kept(_KEY, "", view.one_of(["", *others])),
        format_func=lambda name: name or "none", width=320, label_visibility="collapsed",
        help="Two models, or one before and after training. Layers of the same name are compared.",
    )  # fmt: skip
    other = loaders.study(others[chosen]) if chosen in others else None
    if other is None:
        return
    names = opened.folder.name, other.folder.name
    dense = dense_table({names[0]: opened.manifest, names[1]: other.manifest})
    take_away.table(opened, dense, "Dense models", f"beside {names[1]}")
    st.dataframe(
        dense, hide_index=True, column_config=explained(dense, {}),
        alt="The two studies' models, dense scores and sizes",
    )  # fmt: skip
    words = words_of(opened.manifest), words_of(other.manifest)
    if words[0].metric != words[1].metric:
        st.info(
            f"Their curves share no axis: one counts {plain.text(words[0].name)}, the other "
            f"{plain.text(words[1].name)}."
        )
        return
    known = loaders.measured(opened), loaders.measured(other)
    rows = [each.points[each.points["subject"] == layer] for each in known]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if rows[1].empty:
            st.info(f"{plain.text(names[1])} has no measured {plain.text(repr(layer))}.")
        else:
            methods = [*dict.fromkeys(method for each in known for method in each.points["method"])]
            colours = by_criterion(methods, st.context.theme.type == "dark")
            st.markdown(f"**{plain.text(layer)}** in both")
            st.plotly_chart(
                two_studies_figure(names, rows, words, colours), key="beside figure",
                config=chart_config(opened, layer, f"beside {names[1]}"),
                alt=f"Score of {layer} against sparsity in {names[0]} and {names[1]}",
            )  # fmt: skip
    with right:
        _layers(opened, other, names)


def _layers(opened: StudyFolder, other: StudyFolder, names: tuple[str, str]) -> None:
    words = words_of(opened.manifest)
    table = layers_of_both(
        opened.manifest, loaders.measured(opened).means, loaders.measured(other).means
    )
    if table.empty:
        st.caption("No layer of the same name is measured in both.")
        return
    numbers = st.column_config.NumberColumn
    take_away.table(opened, table, "Layers of both", f"beside {names[1]}")
    st.dataframe(
        table, hide_index=True, height=height(len(table), 380),
        column_config=explained(table, {
            "Layer": st.column_config.TextColumn(
                pinned=True, width=text_width(table["Layer"], "Layer")
            ),
            "Here": numbers(plain.text(names[0]), format=words.column_format),
            "There": numbers(plain.text(names[1]), format=words.column_format),
            "Difference": numbers(format=words.column_format),
        }),
        alt="Mean drop of every layer that both studies measured",
    )  # fmt: skip
    st.caption(
        f"{words.titled(f'Mean {words.loss_word}')} of each study's best method, without recovery, "
        "over the sparsities that both have; the largest difference first."
    )
