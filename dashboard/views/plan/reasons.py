"""Why each layer got its sparsity: what a step costs and saves, what binds, what a lock costs."""

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from prunescope.dashboard.shared import take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.goal_form import BUDGETS, OBJECTIVES, GoalForm, amount
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import height
from prunescope.dashboard.views.plan import plan_solution
from prunescope.errors import CannotReach, PrunescopeError
from prunescope.planning.explain import BY_LAYER, Reason, explain, lock_costs
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import words_of

_MOST_LOCKS: Final = 6


def show(opened: StudyFolder, known: StudyMeasurements, asked: GoalForm) -> None:
    """Show the reasons of the solved plan, worked out only while they are looked at."""
    last = plan_solution.solved(opened)
    if last is None or last.key != asked.key():
        return
    try:
        problem = plan_solution.problem_of(opened, asked, last.solution)
    except PrunescopeError:  # it cannot be solved any more; the goal says why
        return
    panel = st.expander(
        "Why these sparsities", key="reasons", on_change="rerun", icon=":material/help:"
    )
    with panel:
        if not panel.open:
            return
        found = explain(problem, replace(last.solution, plan=last.plan))
        binding = last.solution.binding()
        kind = binding[0] if binding else problem.kinds[1]
        st.caption(_binding([BUDGETS.get(each, each) for each in binding]))
        if last.solution.predicted is not None:
            st.caption(BY_LAYER)
        take_away.table(opened, reason_table(found), "Reasons")
        st.dataframe(
            reason_table(found), hide_index=True, height=height(len(found), 360), placeholder="–",
            column_config=explained(reason_table(found), {
                "Layer": st.column_config.TextColumn("Layer or group", pinned=True),
                "Sparsity": st.column_config.NumberColumn(format="%.4g %%"),
                "One step more": st.column_config.NumberColumn(
                    "Next step costs", format="%+.3g",
                    help=f"{OBJECTIVES[problem.kinds[0]]}, at the next larger sparsity that "
                    "was looked at.",
                ),
                "saves": st.column_config.NumberColumn(
                    f"and saves, % {BUDGETS.get(kind, kind)}", format="%.2f"
                ),
                "One step less": st.column_config.NumberColumn(
                    "Last step cost", format="%.3g",
                    help="What the next smaller sparsity would win back.",
                ),
                "costs": st.column_config.NumberColumn(
                    f"and saved, % {BUDGETS.get(kind, kind)}", format="%.2f"
                ),
            }),
            alt="What the next step of each layer costs and saves",
        )  # fmt: skip
        if problem.goal.locks:
            st.caption(_locks(opened, known, asked, last))


def _locks(
    opened: StudyFolder, known: StudyMeasurements, asked: GoalForm, last: plan_solution.PlanSolution
) -> str:
    """What each lock costs at the limits of the last answer, as a sentence."""
    names, objective = list(asked.locks), last.solution.objective
    words = words_of(opened.manifest)
    posed = plan_solution.posed(opened, known, asked)
    try:
        costs = lock_costs(opened.manifest, posed, last.limits, names[:_MOST_LOCKS])
    except CannotReach as error:  # by what was measured since
        return str(error)
    told = [
        f"**{plain.text(name)}** +{amount(objective, cost, words)}" for name, cost in costs.items()
    ]
    more = f"; and {len(names) - _MOST_LOCKS} more locks" if len(names) > _MOST_LOCKS else ""
    return (
        f"What each lock adds to what is kept small ({OBJECTIVES[objective]}, added up over single "
        f"layers), solved with it and without: {' · '.join(told)}{more}."
    )


def _binding(words: list[str]) -> str:
    if not words:
        return "No budget binds: the plan would be the same without them."
    if len(words) == 1:
        return f"{words[0]} {'bind' if words[0] == 'MACs' else 'binds'}: a looser limit would help."
    return f"{' and '.join(words)} bind: a looser limit would help, most of all on {words[0]}."


def reason_table(found: tuple[Reason, ...]) -> pd.DataFrame:
    """Return the reasons as a table, what can change first; steps that there are not are empty."""
    nan = float("nan")
    found = tuple(sorted(found, key=lambda each: each.more is None and each.less is None))
    return pd.DataFrame(
        [
            {
                "Layer": each.subject,
                "What leaves": "units" if each.grouped else "weights",
                "Sparsity": 100 * each.sparsity,
                "Why": each.why,
                "One step more": each.more.damage if each.more else nan,
                "saves": -100 * each.more.cost if each.more else nan,
                "One step less": -each.less.damage if each.less else nan,
                "costs": 100 * each.less.cost if each.less else nan,
            }
            for each in found
        ]
    )
