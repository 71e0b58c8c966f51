"""A solved plan that rests is compared with what lies around it, as whole plans, once.

What is found is announced: the plan in force changes only when somebody takes the better one.
"""

import time
from dataclasses import dataclass
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, polling, session
from prunescope.dashboard.shared.goal_form import OBJECTIVES, GoalForm, amount, differing
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, measure_candidates, plan_solution
from prunescope.dashboard.views.plan.auto_measure_rule import Rest
from prunescope.errors import PrunescopeError
from prunescope.planning.search import AT_REST
from prunescope.planning.solve import Solution
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of

_TICK: Final = 1.0
_REST: Final = "goal rest"
_LOOKED: Final = "looked around"
_PATIENCE: Final = 1.0
"""Seconds to wait."""


@dataclass(frozen=True)
class BetterPlan:
    """What was found around a solved plan.

    Attributes:
        digest: Of the plan that it is better than.
        wanted: What was asked.
        solution: The better plan.
    """

    digest: str
    wanted: GoalForm
    solution: Solution


def follow(opened: StudyFolder, wanted: GoalForm) -> None:
    """Look around the last solved plan once it has rested, unless that was done."""
    last = plan_solution.solved(opened)
    on = st.session_state.get(goal_controls.AROUND, True)
    if (
        not on
        or last is None
        or not wanted.budgets
        or wanted.worst_class is not None  # which the search does not know
        or _done(last)
        or measure_candidates.under_way(opened)
    ):
        return
    polling.follow(_REST, _TICK, lambda: look(opened, loaders.measured(opened), time.monotonic()))


def offer(opened: StudyFolder, wanted: GoalForm) -> None:
    """Say that a better plan was found around the one in force, and offer to take or leave it."""
    found: BetterPlan | None = st.session_state.get(_key(opened))
    last = plan_solution.solved(opened)
    if found is None or last is None or found.digest != last.plan.digest or found.wanted != wanted:
        return
    with st.container(border=True, key="better plan"):
        measured = loaders.measured_plans(opened)(found.solution.plan) is not None
        st.markdown(sentence(found.solution, last, measured, words_of(opened.manifest)))
        with st.container(horizontal=True):
            st.button(
                "Take it", key="take better", type="primary", icon=":material/check:",
                on_click=_take, args=(opened, found),
            )  # fmt: skip
            st.button("Leave it", key="leave better", on_click=_leave, args=(opened,))


def sentence(
    found: Solution,
    last: plan_solution.PlanSolution,
    measured: bool = False,
    in_words: ScoreWords = PERCENT_WORDS,
) -> str:
    """Return what is better about ``found`` than the plan in force, and in what they differ.

    Args:
        found: The better plan.
        last: The one in force.
        measured: Whether the better one was verified, so that its figure is no prediction.
        in_words: Of the study's metric.
    """
    said = "**A better plan was found** around this one"
    if found.predicted is not None:
        words = OBJECTIVES.get(found.objective, found.objective)
        now = amount(found.objective, found.predicted, in_words)
        said += f": {words} {now} {_how(measured)} of the whole plan"
        before = found.beside.get("solver")
        if before is not None:
            how = _how("solver" in found.measured_beside)
            said += f", instead of {amount(found.objective, before, in_words)} {how}"
    return f"{said}. It has {plain.text(differing(last.plan, found.plan))}."


def _how(measured: bool) -> str:
    return "measured" if measured else "predicted"


def _done(last: plan_solution.PlanSolution) -> bool:
    """Whether there is nothing to look for: it was done, a proof was asked, nothing is pruned."""
    found = last.solution
    looked = st.session_state.get(_LOOKED) == last.plan.digest
    seen = last.candidates is not None or found.predicted is not None
    return looked or last.proof or seen or not last.plan.active()


def look(opened: StudyFolder, known: StudyMeasurements, now: float) -> None:
    """Look around when the solved plan is still the draft and rested; the page runs anew."""
    last = plan_solution.solved(opened)
    if last is None or _done(last) or measure_candidates.under_way(opened):
        return
    wanted = goal_controls.asked(opened, known)
    rest: Rest = st.session_state.get(_REST, Rest()).seen(last.plan.digest, now)
    st.session_state[_REST] = rest
    if now - rest.since < _PATIENCE or wanted.key() != last.key or wanted.limits() != last.limits:
        return
    st.session_state[_LOOKED] = last.plan.digest
    try:
        found = plan_solution.searched(opened, known, wanted, AT_REST)
    except PrunescopeError:  # what was solved stays
        return
    if found.plan.digest == last.plan.digest:
        plan_solution.take(opened, wanted, found)  # the same plan, now known as a whole
    elif found.predicted is not None:
        st.session_state[_key(opened)] = BetterPlan(last.plan.digest, wanted, found)
    st.rerun()


def _take(opened: StudyFolder, found: BetterPlan) -> None:
    _leave(opened)
    plan_solution.take(opened, found.wanted, found.solution)


def _leave(opened: StudyFolder) -> None:
    st.session_state.pop(_key(opened), None)


def _key(opened: StudyFolder) -> str:
    return f"better {session.draft_key(opened)}"
