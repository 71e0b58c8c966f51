"""What solves: the goal's answer becomes the draft, and is kept with what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from analysis.errors import PrunescopeError
from analysis.planning.baselines import BASELINES, SCORE_OF, baseline, units_leave
from analysis.planning.plan import Plan
from analysis.planning.pose import Posed, answer
from analysis.planning.search import improved
from analysis.planning.solve import Solution
from analysis.store.folder import Study
from analysis.store.quantiles import every_level, levels
from dashboard import loaders, session
from dashboard.asked import Asked
from dashboard.loaders import Measured
from dashboard.views.parts import controls

PROVE: Final = "Prove the optimum"
LOOK: Final = "Look around it"
TITLES: Final = {
    "uniform": "Uniform", "erk": "ERK", "equal-drop": "Equal drop",
    "global-magnitude": "Global magnitude", "lamp": "LAMP",
}  # fmt: skip

_SECONDS: Final = 10.0
_LOOKS: Final = 3.0
"""Seconds for a proof, and for a look around."""


@dataclass(frozen=True)
class Solved:
    """The last answer of a session.

    Attributes:
        solution: What was found.
        plan: The draft that came of it.
        key: Of what was asked.
        limits: What was asked, by target.
    """

    solution: Solution
    plan: Plan
    key: str
    limits: Mapping[str, float]


def solved(opened: Study) -> Solved | None:
    """Return the last answer, when the draft still is what it said."""
    last: Solved | None = st.session_state.get(_key(opened))
    if last is None or last.plan.digest != session.draft(opened).plan.digest:
        return None
    return last


def refused(opened: Study) -> str | None:
    """Return why there is no answer to what was asked last, or None."""
    found: str | None = st.session_state.get(_refusal(opened))
    return found


def posed(opened: Study, known: Measured, wanted: Asked) -> Posed:
    """Return what is asked, ready to be solved."""
    return Posed(
        loaders.ready(opened, wanted), known.curves, loaders.predicted(opened),
        loaders.cells(opened),
    )  # fmt: skip


def solve(opened: Study, known: Measured, exact: bool = False, always: bool = False) -> None:
    """Answer what is asked and make it the draft; say so where there is no answer."""
    st.session_state.pop(_refusal(opened), None)
    wanted = controls.asked(opened, known)
    if not wanted.budgets or (wanted.idle and not always and solved(opened) is None):
        return
    try:
        found = answer(
            posed(opened, known, wanted), wanted.limits(), seconds=_SECONDS if exact else None
        )
    except PrunescopeError as error:
        st.session_state[_refusal(opened)] = str(error)
        return
    take(opened, wanted, found)


def take(opened: Study, wanted: Asked, found: Solution) -> None:
    """Make the plan of ``found`` the draft."""
    draft = session.draft(opened).plan
    made = replace(found.plan, name=draft.name)
    session.turn(made)
    if made != draft:
        session.edit(opened, made)
    st.session_state[_key(opened)] = Solved(found, made, wanted.key(), wanted.limits())


def recover(opened: Study, known: Measured) -> None:
    """The recovery belongs to the draft at once, whether or not anything is solved."""
    draft = session.draft(opened).plan
    session.edit(opened, replace(draft, recovery=st.session_state["goal recovery"]))
    solve(opened, known)


def look(opened: Study, known: Measured, wanted: Asked, seconds: float = _LOOKS) -> None:
    """Make the best plan that is predicted around the solver's and the rules' plans the draft."""
    made = posed(opened, known, wanted)
    scores = every_level(opened.folder, opened.manifest, units_leave(made.ready.problem))
    limits = wanted.limits()
    found, _ = improved(made, answer(made, limits), scores, limits, seconds)
    take(opened, wanted, found)


def other(opened: Study, known: Measured, others: Mapping[str, Plan]) -> None:
    """Do what was picked in the menu of other plans."""
    picked = st.session_state["other plans"]
    if picked is None:
        return
    st.session_state.pop(_refusal(opened), None)
    if picked == PROVE:
        solve(opened, known, exact=True, always=True)
        return
    wanted = controls.asked(opened, known)
    try:
        if picked == LOOK:
            look(opened, known, wanted)
        elif picked in others:
            _edit(opened, others[picked])
        else:
            name = next(name for name in BASELINES if TITLES[name] == picked)
            _edit(opened, _ruled(opened, known, wanted, name))
    except PrunescopeError as error:
        st.session_state[_refusal(opened)] = str(error)


def _key(opened: Study) -> str:
    return f"solved {session.draft_key(opened)}"


def _refusal(opened: Study) -> str:
    return f"refused {session.draft_key(opened)}"


def _edit(opened: Study, plan: Plan) -> None:
    session.turn(plan)
    session.edit(opened, replace(plan, name=session.draft(opened).plan.name))


def _ruled(opened: Study, known: Measured, wanted: Asked, name: str) -> Plan:
    problem = posed(opened, known, wanted).ready.problem
    score = SCORE_OF.get(name)
    found = score and levels(opened.folder, opened.manifest, score, units_leave(problem))
    return baseline(name, problem, found or None, wanted.limits())
