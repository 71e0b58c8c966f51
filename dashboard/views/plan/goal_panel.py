"""The goal: what the plan may cost, everything that solves for it, and what was found."""

import math
from typing import Final

import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import loaders, measure_buttons, polling
from prunescope.dashboard.shared.goal_form import BUDGETS, OBJECTIVES, GoalForm, amount
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.machines import HERE, named
from prunescope.dashboard.views.plan import (
    goal_controls,
    improve_at_rest,
    measure_candidates,
    offered_plan,
    other_plans,
    other_recoveries,
    plan_solution,
)
from prunescope.errors import PrunescopeError
from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.planning.pose_goal import find_table, missing_grid
from prunescope.planning.search import NAMES, MeasuredCandidates, beside_in_words
from prunescope.planning.solve import Solution
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.solution import UNADDED
from prunescope.store.folder import StudyFolder
from prunescope.text import plain, units
from prunescope.text.outputs import pruned_unseen
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of

_BESIDE: Final = 3
"""Other plans that are named."""


def show(opened: StudyFolder, known: StudyMeasurements) -> GoalForm:
    """Show the goal's controls, solve when they move, and return what they ask for."""

    def change() -> None:
        plan_solution.solve(opened, loaders.measured(opened))

    def recover() -> None:
        plan_solution.recover(opened, loaders.measured(opened))

    with st.container(border=True, key="goal"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="goal budgets row"):
            goal_controls.budgets(opened, known, change)
            with st.popover("Settings", icon=":material/tune:"):
                goal_controls.settings(opened, known, change, recover)
            st.space("stretch")
            _buttons(opened, goal_controls.asked(opened, known))
        wanted = goal_controls.asked(opened, known)
        with st.container(key="goal answer"):
            other_recoveries.offer(opened, known, wanted)
            _say(opened, known, wanted)
    with st.bottom:  # found when nobody expects it: there it moves nothing
        improve_at_rest.offer(opened, wanted)
    with polling.room("goal"):
        improve_at_rest.follow(opened, wanted)
    return wanted


def _buttons(opened: StudyFolder, wanted: GoalForm) -> None:
    def solve() -> None:
        plan_solution.solve(opened, loaders.measured(opened), always=True)

    st.button(
        "Solve the rest", key="solve", type="primary", icon=":material/calculate:",
        disabled=not wanted.budgets,
        on_click=solve,
        help="Within the budgets, with what is locked as it is. Moving a slider does the same.",
    )  # fmt: skip
    other_plans.menu(opened, wanted)


def _say(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> None:
    """What was found, how good it is, and what stands in the way."""
    refusal = plan_solution.refused(opened)
    if refusal:
        st.warning(plain.text(refusal), icon=":material/block:")
    measure_candidates.offer(opened)
    last = plan_solution.solved(opened)
    if last is not None:
        measured = loaders.measured_plans(opened)(last.plan)
        st.caption(described(last.solution, last.candidates, measured, words_of(opened.manifest)))
        if said := pruned_unseen(opened.manifest, last.plan):
            st.caption(f":material/warning: {plain.text(said)}")
    elif not refusal:
        st.caption("Move a budget: what is not locked is solved for it at once.")
    tables = loaders.latency(opened)
    if "latency" in wanted.budgets and tables:
        setting = find_table(tables, wanted.setting).setting
        st.caption(
            f"Latency as on {plain.text(named(setting))}."
            + (f" {HERE}" if setting.elsewhere else "")
        )
    if last is not None and not wanted.limits():
        st.caption("Choose a budget: without one there is nothing to solve for.")
    elif last is not None:
        _lacks(opened, known, wanted, refusal)


def _lacks(
    opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm, refusal: str | None
) -> None:
    """What the solver cannot change for want of measurements, or why there is nothing to solve.

    The goal may have become a contradiction since the last answer, which the page outlives.
    """
    try:
        grids = missing_grid(plan_solution.posed(opened, known, wanted))
    except PrunescopeError as error:
        if not refusal:
            st.warning(plain.text(error), icon=":material/block:")
        return
    if grids:
        names = ", ".join(plain.text(name) for grid in grids for name in grid.subjects[:6])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":material/warning: Not measured, so left dense: {names}.")
            measure_buttons.points(opened, [*map(Sweep.of, grids)], "measure missing")


def described(
    found: Solution,
    candidates: MeasuredCandidates | None = None,
    measured: MeasuredPlan | None = None,
    in_words: ScoreWords = PERCENT_WORDS,
) -> str:
    """Return in two lines how good a solution is, and what it costs, for people.

    Args:
        found: The solution.
        candidates: What was measured before it was taken, if anything.
        measured: What its plan really did, where it was verified.
        in_words: Of the study's metric.
    """
    words = OBJECTIVES.get(found.objective, found.objective)
    if candidates is not None:
        first = f"**Measured**: {plain.text(offered_plan.sentence(candidates, in_words))}"
    elif found.predicted is not None:
        real = {} if measured is None else measured.effects.damages
        whole = amount(found.objective, real.get(found.objective, found.predicted), in_words)
        how = "measured" if found.objective in real else "predicted"
        first = f"**The best that was seen**: {words} {whole} {how} of the whole plan"
        nearest = dict(sorted(found.beside.items(), key=lambda pair: pair[1])[:_BESIDE])
        if nearest:
            others = beside_in_words(
                nearest, found.measured_beside,
                lambda value: amount(found.objective, value, in_words), _start,
            )  # fmt: skip
            first += f"; {others}"
    elif found.gap is None:
        why = "Found around measured tables" if found.bound is None else "No bound is known"
        first = f"{why}; nothing is proven about the best"
    elif found.exact:
        by = f"added-up {words}" if found.objective in DAMAGES else words
        first = f"**Proven**: no plan of measured sparsities is better by {by}"
    else:
        first = f"Within **{100 * found.gap:.2g} %** of the best plan of measured sparsities"
    parts = [_cost(found, kind, in_words) for kind in found.costs]
    added = _added(found, words, in_words)
    if found.predicted is not None and found.gap is not None:
        added += f", within {100 * found.gap:.2g} % of the least such sum"
    parts.append(added)
    if found.alternatives:
        count = len(found.alternatives)
        parts.append(f"{count} more {'plan is' if count == 1 else 'plans are'} within 1 % of it")
    return f"{first.rstrip('.')}.  \n{' · '.join([*parts, *found.notes])}"


def _added(found: Solution, words: str, in_words: ScoreWords) -> str:
    """What the objective comes to by sums, where those can tell."""
    if math.isnan(found.value):
        return f"{words} {UNADDED}"
    return f"{words} {amount(found.objective, found.value, in_words)}, added up over single layers"


def _cost(found: Solution, kind: str, words: ScoreWords) -> str:
    """What one target comes to, of what it may."""
    cost, limit = found.costs[kind], found.limits[kind]
    if kind == "drop":
        return f"predicted {words.loss_word} {words.drop(cost)} of {words.drop(limit)}"
    dense = found.dense[kind]
    if not dense:
        return f"{BUDGETS[kind]} 0"
    return f"{BUDGETS[kind]} {units.percent(cost / dense)} of {units.percent(limit / dense)}"


def _start(name: str) -> str:
    return "the best by adding up single layers" if name == "solver" else NAMES.get(name, name)
