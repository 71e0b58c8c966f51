"""The curves of one layer or group, and what is said beside them."""

from typing import Final

import streamlit as st

from prunescope.charts.colours import by_criterion
from prunescope.charts.curves import curves_figure
from prunescope.curves.dense import dense_score
from prunescope.curves.safe import safest, why_none
from prunescope.dashboard.charts.predicted import add_predicted
from prunescope.dashboard.charts.screened import add_screened
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.tables.layers import without_recovery
from prunescope.dashboard.views.curves import how_to_read, predicted_panel, screened_subject
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.text import plain, units
from prunescope.text.predictions import prediction_sentence
from prunescope.text.scores import ScoreWords, words_of

NEAR: Final = 0.1
"""Drop that *Near dense* draws up to, of scores from 0 to 1; of others, a share of dense."""
SCALES: Final = {"score": "Score", "drop": "Drop", "entropy": "Cross-entropy", "divergence": "KL"}
"""What can be drawn upwards."""


def scale_word(name: str, words: ScoreWords) -> str:
    """Return what is drawn upwards in the words of the study's metric."""
    return words.loss_word.capitalize() if name == "drop" else SCALES[name]


def show(
    opened: StudyFolder, known: StudyMeasurements, layer: str, limit: float, granularity: str
) -> None:
    """Draw the chart of ``layer``, and what has to be known to read it."""
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
    upwards = scale_word(vertical, words)
    st.plotly_chart(
        figure, key="curves figure", config=chart_config(opened, layer, upwards),
        alt=f"{upwards} of {layer} against sparsity, by {', '.join(present)}",
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
