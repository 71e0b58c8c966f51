"""The menu of other plans within the same budgets: proven, searched, measured, by simple rules."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, rights, session
from prunescope.dashboard.shared.goal_form import GoalForm, differing
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, measure_candidates, plan_solution
from prunescope.errors import PrunescopeError
from prunescope.planning.baselines import BASELINES, SCORE_OF, baseline, removes_units
from prunescope.planning.search import NAMES
from prunescope.store.folder import StudyFolder
from prunescope.store.score_quantiles import levels
from prunescope.study.plan import Plan
from prunescope.text.numbers import capitalised

PROVE: Final = "Prove the optimum"
LOOK: Final = "Look around it"
MEASURE: Final = "Measure the best few"
TITLES: Final = {name: capitalised(NAMES[name]) for name in BASELINES}
_KEY: Final = "other plans"


def menu(opened: StudyFolder, wanted: GoalForm) -> None:
    """Show the menu; what is picked becomes the draft, or begins to be measured."""
    last = plan_solution.solved(opened)
    alike = {} if last is None else {
        f"As good: {differing(last.plan, each)}": each for each in last.solution.alternatives
    }  # fmt: skip
    others = [LOOK, *([] if rights.locked() else [MEASURE]), *TITLES.values(), *alike]
    if wanted.worst_class is not None:
        others = []  # none of them looks at what classes lose
    st.menu_button(
        "Other plans",
        [PROVE, *others],
        key=_KEY, disabled=not wanted.budgets,
        on_click=lambda: _take(opened, alike),
        help="Prove that no plan of measured sparsities is better; look around with the predictor "
        "of whole plans; look around, then really measure the best "
        f"{goal_controls.tries()} (Settings say how many) and take the one that loses least; or "
        "let a simple rule use the same budgets.",
    )  # fmt: skip


def _take(opened: StudyFolder, alike: Mapping[str, Plan]) -> None:
    """Do what was picked."""
    picked = st.session_state[_KEY]
    if picked is None:
        return
    known = loaders.measured(opened)
    plan_solution.refuse(opened, None)
    if picked == PROVE:
        plan_solution.solve(opened, known, exact=True, always=True)
        return
    wanted = goal_controls.asked(opened, known)
    try:
        if picked == LOOK:
            plan_solution.look(opened, known, wanted)
        elif picked == MEASURE:
            measure_candidates.begin(opened, known, wanted)
        elif picked in alike:
            _edit(opened, alike[picked])
        else:
            name = next(name for name in BASELINES if TITLES[name] == picked)
            _edit(opened, _ruled(opened, known, wanted, name))
    except PrunescopeError as error:
        plan_solution.refuse(opened, str(error))


def _edit(opened: StudyFolder, plan: Plan) -> None:
    session.turn(plan)
    session.edit(opened, replace(plan, name=session.draft(opened).plan.name))


def _ruled(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm, name: str) -> Plan:
    problem = plan_solution.posed(opened, known, wanted).solver.problem
    score = SCORE_OF.get(name)
    found = score and levels(opened.folder, opened.manifest, score, removes_units(problem))
    return baseline(name, problem, found or None, wanted.limits())
