"""Which answers a measured plan moves, from which class to which, and how sure both are."""

from typing import Final

import pandas as pd
import streamlit as st

from prunescope.dashboard.charts.answers import confidence_figure, moves_figure
from prunescope.dashboard.shared import measure_again, take_away
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.answers import (
    LOST,
    OTHER,
    WON,
    chosen,
    class_names,
    moves,
    of_class,
)
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain
from prunescope.text.numbers import counted, exact

_CLASSES: Final = 25
"""Classes of the map; more cannot be read."""
_ROWS: Final = 500


def show(
    opened: StudyFolder, plan: Plan, answers: pd.DataFrame, kind: str, class_name: str | None
) -> None:
    """Show the changed answers of a kind, to samples of a class.

    Args:
        opened: The study.
        plan: The plan that was measured.
        answers: From ``prunescope.dashboard.tables.answers.answer_table``.
        kind: Of changed answers.
        class_name: The samples' own class, None for all.
    """
    asked = of_class(answers, class_name)
    changed = chosen(answers, kind, class_name)
    lost, won, other = (exact((changed["kind"] == one).sum()) for one in (LOST, WON, OTHER))
    of_them = f" of class {plain.text(class_name)}" if class_name else ""
    st.caption(
        f"Of {counted(len(asked), 'sample')}{of_them} these answers moved: {lost} from right to "
        f"wrong, {won} from wrong to right, {other} from one to another that are both wrong or "
        "unknown. Stored when the plan was measured."
    )
    if changed.empty:
        return
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**From which class to which**")
        counts = moves(changed, class_names(opened.manifest), _CLASSES)
        st.plotly_chart(
            moves_figure(counts, dark), key="answer moves",
            config=chart_config(opened, plan.name, "moved answers"),
            alt="How many answers moved from which class to which",
        )  # fmt: skip
        if len(counts) == _CLASSES:
            st.caption(f"The {_CLASSES} classes that most answers left or reached.")
    with right:
        st.markdown("**How sure, dense against pruned**")
        st.plotly_chart(
            confidence_figure(asked, changed, dark), key="answer confidence",
            config=chart_config(opened, plan.name, "confidence"),
            alt="Confidence of the pruned network over the dense one's, sample by sample",
        )  # fmt: skip
    _table(opened, plan, changed)


def _table(opened: StudyFolder, plan: Plan, changed: pd.DataFrame) -> None:
    """The samples themselves, those of which the dense network was surest first."""
    order = changed.sort_values("dense_sure", ascending=False, kind="stable")
    frame = pd.DataFrame(
        {
            "Sample": order["sample"], "Is": order["target"].replace("", "–"),
            "Dense": order["dense"], "Dense sure": order["dense_sure"],
            "Pruned": order["pruned"].replace("", "–"), "Pruned sure": order["pruned_sure"],
        }
    )  # fmt: skip
    take_away.table(opened, frame, "Moved answers", plan.name)
    shown = frame.head(_ROWS)
    st.dataframe(
        shown, hide_index=True, height=height(len(shown), 300), placeholder="–",
        column_config=explained(shown, {
            name: st.column_config.TextColumn(width=text_width(shown[name], name))
            for name in ("Is", "Dense", "Pruned")
        } | {
            name: st.column_config.NumberColumn(f"{name}, %", format="%.1f")
            for name in ("Dense sure", "Pruned sure")
        }),
        alt="Samples that the plan answers otherwise, with both answers and how sure they are",
    )  # fmt: skip
    if len(frame) > _ROWS:
        st.caption(f"The first {exact(_ROWS)} of {exact(len(frame))}; Take away has all.")


def not_stored(opened: StudyFolder, plan: Plan) -> None:
    """Say that no single answers are stored, and offer to measure the plan once more."""
    measure_again.offer(
        opened, plan, "The answers to single samples were not stored when this plan was measured; "
        "measuring it again stores them.", "measure for answers",
    )  # fmt: skip
