"""The layer that the page is about: its curves, what leaves of it, why, and what that is worth."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from prunescope.charts.colours import QUIET, by_criterion
from prunescope.charts.curves import curves_figure
from prunescope.curves.dense import dense_score
from prunescope.dashboard.charts.score_levels import units_figure, weights_figure
from prunescope.dashboard.shared import loaders, measured_speed, session
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.tables.plan import family
from prunescope.dashboard.views.plan import plan_solution, which_units
from prunescope.dashboard.views.plan.bulk_edits import default_method
from prunescope.dashboard.views.plan.layer_words import alone, reason, removal
from prunescope.dashboard.views.plan.painter_values import chosen
from prunescope.errors import PrunescopeError
from prunescope.planning.edits import choice_of
from prunescope.planning.explain import Reason, explain
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.study.removed_counts import real_sparsity, units_removed
from prunescope.text import plain
from prunescope.text.scores import words_of

_LEGEND: Final = 29
"""Pixels of a line of two names in a legend: the curves keep theirs."""
_SMALLEST_FIRST = ("magnitude", "l1")
"""Criteria that remove what is drawn at the left."""


def show(
    opened: StudyFolder,
    known: StudyMeasurements,
    asked: GoalForm,
    shown: Sequence[str],
    granularity: str,
) -> None:
    """Show the chosen layer or group, the first of ``shown`` where none of them is chosen.

    Args:
        opened: The study.
        known: Its measurements.
        asked: What the goal's controls say.
        shown: What the page's table and bars are about, in forward order.
        granularity: Of the page.
    """
    plan, name = session.draft(opened).plan, subject(opened, shown)
    if name is None:
        return
    panel = st.expander(
        f"**{plain.text(name)}** in this plan", key="layer panel", on_change="rerun",
        icon=":material/layers:", expanded=True,
    )  # fmt: skip
    with panel:
        if not panel.open:
            return
        active = plan.active().get(name)
        choice = active or choice_of(plan, name, default_method(opened, known, granularity))
        left, right = st.columns([1, 1], gap="medium")
        with left:
            said = [
                removal(opened.manifest, name, choice),
                alone(opened.manifest, plan, known.curves, name, choice),
                reason(_reasons(opened, asked), name, choice),
            ]
            st.markdown(plain.text(" ".join(filter(None, said))))
            _levels(opened, name, choice)
            which_units.show(opened, plan, name, choice)
        with right:
            _curves(opened, known, name, choice)
        if choice.granularity in UNITS and choice.granularity != BLOCK and loaders.latency(opened):
            measured_speed.staircase(opened, name)


def subject(opened: StudyFolder, shown: Sequence[str]) -> str | None:
    """Return the layer or group that the page is about; None where there is none."""
    plan = session.draft(opened).plan
    offered = (*shown, *(name for name in plan.active() if name not in shown))
    return chosen(opened.manifest, session.remembered("layer"), offered)


def _reasons(opened: StudyFolder, asked: GoalForm) -> Sequence[Reason]:
    """Of the plan in force, where a solver made it."""
    last = plan_solution.solved(opened)
    if last is None or last.key != asked.key():
        return ()
    try:
        problem = plan_solution.problem_of(opened, asked, last.solution)
    except PrunescopeError:  # it cannot be solved any more; the goal says why
        return ()
    return explain(problem, last.solution)


def _curves(
    opened: StudyFolder,
    known: StudyMeasurements,
    name: str,
    choice: Choice,
) -> None:
    """The curves of all methods at the choice's granularity, and where the plan stands on them."""
    manifest = opened.manifest
    rows = known.points[
        (known.points["subject"] == name)
        & (known.points["granularity"].map(family) == family(choice.granularity))
    ]
    if rows.empty or choice.granularity == BLOCK:
        st.caption("No curve of it at this granularity is measured yet.")
        return
    names = [method.name for method in manifest.methods]
    dark = st.context.theme.type == "dark"
    colours = by_criterion([*names, *sorted(set(rows["method"]) - set(names))], dark)
    words = words_of(manifest)
    figure = curves_figure(
        rows, {name: colours[name] for name in colours if name in set(rows["method"])},
        manifest.baseline.score if manifest.baseline else 0.0, "score", None, words, None,
        "Weights removed" if choice.granularity not in UNITS
        else f"{choice.granularity.capitalize()}s removed",
        {each: dense_score(manifest, known.curves, each)
         for each in set(rows["recovery"]) & MOVES_DENSE},
    )  # fmt: skip
    named = sum(trace.showlegend is not False for trace in figure.data)
    figure.update_layout(height=300 + _LEGEND * (max(named - 1, 0) // 2))
    figure.update_xaxes(dtick=20)
    if choice.sparsity:
        figure.add_vline(
            100 * real_sparsity(manifest, name, choice), line={"width": 2, "color": QUIET},
            annotation_text="this plan", annotation_position="bottom right",
        )  # fmt: skip
    st.plotly_chart(
        figure, key="layer curves", config=chart_config(opened, name, "in the plan"),
        alt=f"{words.name} of {name} against sparsity, and where this plan stands",
    )  # fmt: skip


def _levels(opened: StudyFolder, name: str, choice: Choice) -> None:
    """The weights' histogram, or the units as a strip, from the scores that the study stores."""
    manifest, grouped = opened.manifest, choice.granularity in UNITS
    levels = loaders.score_levels(opened, grouped).get(name)
    if levels is None or choice.granularity == BLOCK:
        return
    dark, by_size = st.context.theme.type == "dark", choice.criterion in _SMALLEST_FIRST
    if grouped:
        group = manifest.group(name)
        gone = units_removed(group, choice.sparsity) if by_size else None
        figure, what = units_figure(levels, group.units, gone, dark), "norms"
    else:
        removed = choice.sparsity if by_size and choice.granularity == "weight" else 0.0
        figure, what = weights_figure(levels, removed, dark), "weights"
    st.plotly_chart(
        figure, key="layer levels", config=chart_config(opened, name, what),
        alt=f"How large the {what} of {name} are, and which leave",
    )  # fmt: skip
    if choice.sparsity and not by_size:
        st.caption(plain.text(f"{choice.criterion} does not remove the smallest first."))
