"""What a first look predicts of every layer, and the curves of those that nobody measured."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from prunescope.charts.colours import by_criterion
from prunescope.charts.curves import empty_figure
from prunescope.dashboard.charts.predicted import add_predicted
from prunescope.dashboard.shared import loaders, take_away
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import explained
from prunescope.store.folder import StudyFolder
from prunescope.store.predicted_points import (
    PredictedCurve,
    one_of_each_kind,
    predicted_curves,
)
from prunescope.text.predictions import prediction_sentence
from prunescope.text.scores import ScoreWords, words_of

_OTHERS: Final = "Of the predictions: the largest sparsity within the limit, or the mean drop."


def show(opened: StudyFolder, limit: float, measured: Sequence[str]) -> None:
    """Show the predictions of a study; nothing where there are none.

    Args:
        opened: The study.
        limit: Drop that layers are ranked by.
        measured: Layers with a measured point: their predictions are drawn beside it.
    """
    curves = predicted_curves(loaders.predictions(opened))
    if not curves:
        return
    words = words_of(opened.manifest)
    with st.expander(
        f"Predicted {words.loss_word}s of {len({curve.subject for curve in curves})} layers, not "
        "measured", expanded=False, icon=":material/visibility:",
    ):  # fmt: skip
        for one in one_of_each_kind(point for curve in curves for point in curve.points):
            st.caption(prediction_sentence(one.anchors, one.error, words, one.granularity))
        table = predicted_table(curves, limit, words)
        take_away.table(opened, table, "Predicted layers", words.limit(limit))
        st.dataframe(
            table, hide_index=True, width="stretch",
            column_config=explained(table, {}, _OTHERS),
            alt="Layers by predicted sensitivity",
        )  # fmt: skip
        others = [c.subject for c in curves if c.subject not in set(measured)]
        if others:
            layer = st.selectbox("Layers without a measured point", list(dict.fromkeys(others)))
            own = [curve for curve in curves if curve.subject == layer]
            figure = empty_figure(words)
            colours = by_criterion(
                [curve.points[0].criterion for curve in own], st.context.theme.type == "dark"
            )
            baseline = opened.manifest.baseline.score if opened.manifest.baseline else 0.0
            add_predicted(figure, own, colours, baseline, "score", words)
            st.plotly_chart(
                figure, key="predicted figure", config=chart_config(opened, layer, "predicted"),
                alt=f"Predicted curve of {layer}",
            )  # fmt: skip


def of_layer(opened: StudyFolder, layer: str, granularity: str = "weight") -> list[PredictedCurve]:
    """Return the predicted curves of one layer, or of one group of ``granularity``."""
    own = [p for p in loaders.predictions(opened) if p.granularity == granularity]
    return [curve for curve in predicted_curves(own) if curve.subject == layer]


def predicted_table(
    curves: Sequence[PredictedCurve], limit: float, words: ScoreWords
) -> pd.DataFrame:
    """Return one row per predicted curve, the most sensitive first, as text.

    Args:
        curves: As from ``predicted_curves``.
        limit: Accepted drop.
        words: Of the study's metric.
    """
    within = f"Within {words.limit(limit)}"
    rows = [
        {
            "Layer": curve.subject,
            "Method": curve.method,
            within: _percent(curve.within(limit)),
            "At worst": _percent(curve.surely_within(limit)),
            words.titled(f"Mean {words.loss_word}"): f"{words.shown_drop(curve.mean):.2f}",
        }
        for curve in curves
    ]
    return pd.DataFrame(rows)


def _percent(sparsity: float) -> str:
    return f"{100 * sparsity:g} %" if sparsity else "none"
