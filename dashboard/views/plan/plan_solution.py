"""What solves: the goal's answer becomes the draft, and is kept with what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import knowledge, loaders, session
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls
from prunescope.errors import PrunescopeError
from prunescope.planning.baselines import removes_units
from prunescope.planning.kl_ceiling import better_by_score
from prunescope.planning.pose_goal import PosedGoal, solve_posed
from prunescope.planning.search import MeasuredCandidates, improve, usual_evaluations
from prunescope.planning.solve import Problem, Solution
from prunescope.store.folder import StudyFolder
from prunescope.store.score_quantiles import every_level
from prunescope.study.plan import Plan

_SECONDS: Final = 10.0
"""For a proof."""


@dataclass(frozen=True)
class PlanSolution:
    """The last answer of a session.

    Attributes:
        solution: What was found.
        plan: The draft that came of it.
        key: Of what was asked.
        limits: What was asked, by target.
        candidates: What was measured before it was taken, if anything.
        proof: Whether somebody asked for the proven optimum of the sums, which then stays. A small
            network's first answer may be proven too, by the way: that is no reason to stop there.
    """

    solution: Solution
    plan: Plan
    key: str
    limits: Mapping[str, float]
    candidates: MeasuredCandidates | None = None
    proof: bool = False


def solved(opened: StudyFolder) -> PlanSolution | None:
    """Return the last answer, when the draft still is what it said."""
    last: PlanSolution | None = st.session_state.get(_key(opened))
    if last is None or last.plan.digest != session.draft(opened).plan.digest:
        return None
    return last


def refused(opened: StudyFolder) -> str | None:
    """Return why there is no answer to what was asked last, or None."""
    found: str | None = st.session_state.get(_refusal(opened))
    return found


def refuse(opened: StudyFolder, reason: str | None) -> None:
    """Say why there is no answer to what is asked now; None for nothing in the way."""
    if reason is None:
        st.session_state.pop(_refusal(opened), None)
    else:
        st.session_state[_refusal(opened)] = reason


def posed(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> PosedGoal:
    """Return what is asked, ready to be solved."""
    by_drop = replace(wanted, objective="drop")
    return PosedGoal(
        knowledge.ready(opened, wanted), known.curves, knowledge.predicted(opened),
        knowledge.operators(opened),
        None if wanted == by_drop else lambda: posed(opened, known, by_drop),
        loaders.measured_plans(opened),
    )  # fmt: skip


def solve(
    opened: StudyFolder, known: StudyMeasurements, exact: bool = False, always: bool = False
) -> None:
    """Answer what is asked and make it the draft; say so where there is no answer."""
    refuse(opened, None)
    wanted = goal_controls.asked(opened, known)
    if not wanted.budgets or (wanted.idle and not always and solved(opened) is None):
        return
    try:
        found = answer(opened, known, wanted, exact)
    except PrunescopeError as error:
        refuse(opened, str(error))
        return
    take(opened, wanted, found, proof=exact)


def answer(
    opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm, exact: bool = False
) -> Solution:
    """Return the answer to what is asked, by the score where KL misleads.

    Raises:
        PrunescopeError: There is none.
    """

    def solution(asked: PosedGoal) -> Solution:
        return solve_posed(asked, wanted.limits(), seconds=_SECONDS if exact else None)

    made = posed(opened, known, wanted)
    return better_by_score(made, solution(made), solution)[1]


def problem_of(opened: StudyFolder, wanted: GoalForm, found: Solution) -> Problem:
    """Return the problem that ``found`` solves, whose objective may be the drop instead.

    Raises:
        PrunescopeError: It cannot be posed any more.
    """
    return knowledge.ready(opened, replace(wanted, objective=found.objective)).problem


def take(
    opened: StudyFolder,
    wanted: GoalForm,
    found: Solution,
    candidates: MeasuredCandidates | None = None,
    proof: bool = False,
) -> None:
    """Make the plan of ``found`` the draft; see ``PlanSolution`` for ``candidates``, ``proof``."""
    draft = session.draft(opened).plan
    made = replace(found.plan, name=draft.name)
    session.turn(made)
    if made != draft:
        session.edit(opened, made)
    st.session_state[_key(opened)] = PlanSolution(
        found, made, wanted.key(), wanted.limits(), candidates, proof
    )  # fmt: skip


def recover(opened: StudyFolder, known: StudyMeasurements) -> None:
    """The recovery belongs to the draft at once, whether or not anything is solved."""
    draft = session.draft(opened).plan
    session.edit(opened, replace(draft, recovery=st.session_state[goal_controls.RECOVERY]))
    solve(opened, known)


def searched(
    opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm, share: float = 1.0
) -> Solution:
    """Return the best plan that is predicted around the solver's and the rules' plans.

    Args:
        opened: The study.
        known: Its measurements.
        wanted: What is asked.
        share: Of the usual number of plans to look at.

    Raises:
        PrunescopeError: No plan keeps the targets.
    """
    limits = wanted.limits()

    def solution(asked: PosedGoal) -> Solution:
        problem = asked.solver.problem
        scores = every_level(opened.folder, opened.manifest, removes_units(problem))
        evaluations = usual_evaluations(problem, asked.operators, share)
        return improve(asked, solve_posed(asked, limits), scores, limits, evaluations)[0]

    made = posed(opened, known, wanted)
    return better_by_score(made, solution(made), solution)[1]


def look(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> None:
    """Make the best plan that is predicted around the solver's and the rules' plans the draft."""
    take(opened, wanted, searched(opened, known, wanted))


def _key(opened: StudyFolder) -> str:
    return f"solved {session.draft_key(opened)}"


def _refusal(opened: StudyFolder) -> str:
    return f"refused {session.draft_key(opened)}"
