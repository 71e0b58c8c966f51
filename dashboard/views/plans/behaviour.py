"""What a measured plan does to classes and to single samples, from what the study stores."""

import base64
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from prunescope.dashboard.shared import loaders, plan_summary, take_away, view
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.answers import KINDS, answer_table, class_names
from prunescope.dashboard.tables.classes import class_table
from prunescope.dashboard.views.plans import single_answers
from prunescope.errors import PrunescopeError
from prunescope.export.changed_samples import ChangedSample, ChangedSamples, read_changed
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain

_PER_ROW: Final = 8
_EVERY: Final = "All classes"


def show(opened: StudyFolder, plans: Sequence[Plan]) -> None:
    """Show the classes and samples that one of ``plans`` changes, where it was measured."""
    verified = loaders.verified(opened)
    rows = {plan.name: plan_summary.measured_row(verified, plan) for plan in plans}
    measured = [name for name, row in rows.items() if row is not None]
    if not measured:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("What it answers otherwise", anchor=False, width="content")
        st.space("stretch")
        name = st.selectbox(
            "Measured plan", measured, label_visibility="collapsed", width=260,
            key=view.kept("behaviour plan", measured[0], view.one_of(measured)),
        )  # fmt: skip
        plan = next(one for one in plans if one.name == name)
        stored = loaders.answers(opened, plan.digest)
        kind, class_name = _filters(opened)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _classes(opened, plan.name, rows[plan.name])
    with right:
        _samples(opened, plan, kind, class_name)
    if stored is not None:
        single_answers.show(opened, plan, answer_table(opened.manifest, stored), kind, class_name)
    elif opened.manifest.baseline is not None and opened.manifest.baseline.class_samples:
        single_answers.not_stored(opened, plan)


def _filters(opened: StudyFolder) -> tuple[str, str | None]:
    """Which changed answers are asked for: of a kind, to samples of a class."""
    classes = class_names(opened.manifest)
    class_name = _EVERY
    if classes:
        class_name = st.selectbox(
            "Class", [_EVERY, *classes], label_visibility="collapsed", width=180,
            key=view.kept("behaviour class", _EVERY, view.one_of([_EVERY, *classes])),
        )  # fmt: skip
    kind = st.segmented_control(
        "Which", list(KINDS), format_func=lambda name: KINDS[name], required=True,
        key=view.kept("behaviour kind", "all", view.one_of(KINDS)), label_visibility="collapsed",
    )  # fmt: skip
    return str(kind), None if class_name == _EVERY else class_name


def _classes(opened: StudyFolder, name: str, row: "pd.Series[float] | None") -> None:
    correct = [] if row is None else [int(count) for count in np.atleast_1d(row["class_correct"])]
    table = class_table(opened.manifest, correct)
    if table.empty:
        st.caption("This study's targets are no classes.")
        return
    st.markdown("**Classes**, those that lost most first")
    take_away.table(opened, table, "Classes", name)
    st.dataframe(
        table, hide_index=True, height=height(len(table), 400),
        column_config=explained(table, {
            "Class": st.column_config.TextColumn(
                pinned=True, width=text_width(table["Class"], "Class")
            ),
            "Samples": st.column_config.NumberColumn(format="localized"),
            "Dense": st.column_config.NumberColumn(
                "Dense, %", format="%.1f", help="Of the class's validation samples, recognised."
            ),
            "Pruned": st.column_config.NumberColumn("Pruned, %", format="%.1f"),
            "Change": st.column_config.NumberColumn("Change, pt", format="%+.1f"),
        }),
        alt="Recognised share of every class, dense and pruned",
    )  # fmt: skip


def _samples(opened: StudyFolder, plan: Plan, kind: str, class_name: str | None) -> None:
    try:
        seen = read_changed(opened.folder, plan.digest) or read_changed(
            opened.folder, plan.digest, recovered=True
        )
    except PrunescopeError as error:
        st.warning(plain.text(str(error)), icon=":material/broken_image:")
        return
    if seen is None:
        st.caption(
            "Pictures of samples with another answer are kept when the plan is exported; then they "
            "stand here."
        )
        return
    st.markdown("**Samples**")
    st.caption(plain.text(seen.sentence()))
    _gallery(opened, plan, seen, kind, class_name)


def _gallery(
    opened: StudyFolder, plan: Plan, seen: ChangedSamples, kind: str, class_name: str | None
) -> None:
    """Pictures with both answers; without pictures, a table."""
    shown = [
        one for one in seen.shown
        if kind in ("all", _kind(one)) and class_name in (None, one.target or one.dense)
    ]  # fmt: skip
    if not shown:
        st.caption("None of those that are kept.")
        return
    if not all(one.picture for one in shown):
        table = pd.DataFrame(
            [
                {"Sample": one.index, "Is": one.target or "–", "Dense": one.dense,
                 "Pruned": one.pruned}
                for one in shown
            ]
        )  # fmt: skip
        take_away.table(opened, table, "Changed samples", plan.name)
        st.dataframe(
            table, hide_index=True, height=height(len(table), 360),
            column_config=explained(table, {}), alt="Samples with another answer",
        )  # fmt: skip
        return
    for first in range(0, len(shown), _PER_ROW):
        for column, one in zip(st.columns(_PER_ROW), shown[first : first + _PER_ROW], strict=False):
            with column:
                st.image(base64.b64decode(one.picture), width="stretch")
                st.caption(plain.text(_answers(one)))


def _kind(one: ChangedSample) -> str:
    if one.target == one.dense:
        return "lost"
    return "won" if one.target == one.pruned else "other"


def _answers(one: ChangedSample) -> str:
    """Both answers, and what the sample is where neither says it."""
    right = f", is {one.target}" if one.target and _kind(one) == "other" else ""
    return f"{one.dense} → {one.pruned}{right}"
