"""A solved plan that rests is compared with what lies around it, as whole plans, once."""

import time
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import polling
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, measure_candidates, plan_solution
from prunescope.dashboard.views.plan.auto_measure_rule import Rest
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder

_TICK: Final = 1.0
_REST: Final = "goal rest"
_LOOKED: Final = "looked around"
_PATIENCE: Final = 1.0
_SECONDS: Final = 1.5
"""To wait, and to look around for."""


def follow(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> None:
    """Look around the last solved plan once it has rested, unless that was done."""
    last = plan_solution.solved(opened)
    on = st.session_state.get(goal_controls.AROUND, True)
    if (
        not on
        or last is None
        or not wanted.budgets
        or _done(last)
        or measure_candidates.under_way(opened)
    ):
        return
    polling.follow(_REST, _TICK, lambda: look(opened, known, time.monotonic()))


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
        plan_solution.look(opened, known, wanted, _SECONDS)
    except PrunescopeError:  # what was solved stays
        return
    st.rerun()
