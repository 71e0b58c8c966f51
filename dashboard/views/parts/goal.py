"""The goal: budgets as sliders, what to keep small, and everything that solves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from analysis.errors import PrunescopeError
from analysis.jobs import start
from analysis.planning.baselines import BASELINES, baseline, units_leave
from analysis.planning.counts import UNITS
from analysis.planning.plan import Plan
from analysis.planning.pose import Posed, answer, grid_command, missing_grid
from analysis.planning.solve import Solution
from analysis.planning.solve.goal import ROUNDINGS
from analysis.planning.swaps import proposals
from analysis.store.folder import Study
from analysis.store.quantiles import levels
from dashboard import loaders, session, units
from dashboard.asked import (
    BUDGETS,
    OBJECTIVES,
    Asked,
    asked_of,
    differing,
    offered,
    recoveries,
)
from dashboard.loaders import Measured

_SECONDS: Final = 10.0
_LOOKS: Final = 60
_MOST: Final = 3
_RECOVERY_WORDS: Final = {
    "none": "As pruned", "bn": "Batch norm re-estimated", "ls": "Least-squares refit",
}  # fmt: skip
_PROVE: Final = "Prove the optimum"
_LOOK: Final = "Look around it"
_TITLES: Final = {
    "uniform": "Uniform", "erk": "ERK", "equal-drop": "Equal drop",
    "global-magnitude": "Global magnitude", "lamp": "LAMP",
}  # fmt: skip


@dataclass(frozen=True)
class Solved:
    """The last answer of a session.

    Attributes:
        solution: What was found.
        plan: The draft that came of it.
        key: Of what was asked.
    """

    solution: Solution
    plan: Plan
    key: str


def show(opened: Study, known: Measured) -> Asked:
    """Show the goal's controls, solve when they move, and return what they ask for."""
    kinds = offered(known.curves, bool(loaders.latency(opened)), opened.manifest.graph is not None)
    found = recoveries(known.curves)
    change = _changed(opened, known)
    with st.container(border=True, key="goal"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.multiselect(
                "Budgets", kinds, default=kinds[:1], format_func=BUDGETS.__getitem__,
                key="goal budgets", max_selections=_MOST, width=260, persist_state="session",
                placeholder="None", on_change=change,
                help="What the plan may cost at most. Several hold at once.",
            )  # fmt: skip
            for kind in chosen:
                st.slider(
                    f"{BUDGETS[kind]}, at most", 1, 100, 100, format="%d %%", width=210,
                    key=f"goal {kind}", persist_state="session", on_change=change,
                    help="Of the dense network's. What is locked stays; the rest is solved.",
                )  # fmt: skip
            st.number_input(
                "Drop, pt at most", 0.0, 100.0, None, 0.5, key="goal drop", width=130,
                placeholder="any", persist_state="session", on_change=change,
                help="Kept by what is predicted of the whole plan.",
            )  # fmt: skip
            with st.popover("Settings", icon=":material/tune:"):
                st.selectbox(
                    "Keep small", list(OBJECTIVES), format_func=OBJECTIVES.__getitem__,
                    key="goal objective", persist_state="session", on_change=change,
                    help="Accuracy is flat and noisy where little is removed; KL and "
                    "cross-entropy are not.",
                )  # fmt: skip
                st.selectbox(
                    "After pruning", found, key="goal recovery", persist_state="session",
                    format_func=lambda name: _RECOVERY_WORDS.get(name, name),
                    on_change=_recover, args=(opened, known),
                    help="Which curves count, and what is done to the plan.",
                )  # fmt: skip
                st.selectbox(
                    "Units kept are multiples of", ROUNDINGS, key="goal round",
                    persist_state="session", on_change=change,
                    help="Kernels work in blocks: 13 channels can cost as much as 16.",
                )  # fmt: skip
            st.space("stretch")
            _buttons(opened, known, asked(opened, known))
        _say(opened, known)
    return asked(opened, known)


def asked(opened: Study, known: Measured) -> Asked:
    """Return what the controls ask for now."""
    state = st.session_state
    kinds = offered(known.curves, bool(loaders.latency(opened)), opened.manifest.graph is not None)
    chosen = [kind for kind in state.get("goal budgets", kinds[:1]) if kind in kinds]
    found = recoveries(known.curves)
    recovery = state.get("goal recovery")
    return asked_of(
        session.draft(opened).plan,
        {kind: float(state.get(f"goal {kind}", 100)) for kind in chosen},
        state.get("goal drop"),
        state.get("goal objective") or "divergence",
        recovery if recovery in found else found[0],
        state.get("goal round") or 1,
    )


def solved(opened: Study) -> Solved | None:
    """Return the last answer, when the draft still is what it said."""
    last: Solved | None = st.session_state.get(_key(opened))
    if last is None or last.plan.digest != session.draft(opened).plan.digest:
        return None
    return last


def posed(opened: Study, known: Measured, wanted: Asked) -> Posed:
    """Return what is asked, ready to be solved."""
    return Posed(loaders.ready(opened, wanted), known.curves, loaders.predicted(opened))


def _key(opened: Study) -> str:
    return f"solved {session.draft_key(opened)}"


def _refusal(opened: Study) -> str:
    return f"refused {session.draft_key(opened)}"


def _changed(opened: Study, known: Measured) -> Callable[[], None]:
    return lambda: _solve(opened, known)


def _solve(opened: Study, known: Measured, exact: bool = False, always: bool = False) -> None:
    """Answer what is asked and make it the draft; say so where there is no answer."""
    st.session_state.pop(_refusal(opened), None)
    wanted = asked(opened, known)
    if not wanted.budgets or (wanted.idle and not always and solved(opened) is None):
        return
    try:
        found = answer(
            posed(opened, known, wanted), wanted.limits(), seconds=_SECONDS if exact else None
        )
    except PrunescopeError as error:
        st.session_state[_refusal(opened)] = str(error)
        return
    _take(opened, wanted, found, found.plan)


def _take(opened: Study, wanted: Asked, found: Solution, plan: Plan) -> None:
    made = replace(plan, name=session.draft(opened).plan.name)
    _turn(made)
    session.edit(opened, made)
    st.session_state[_key(opened)] = Solved(found, made, wanted.key())


def _recover(opened: Study, known: Measured) -> None:
    """The recovery belongs to the draft at once, whether or not anything is solved."""
    draft = session.draft(opened).plan
    session.edit(opened, replace(draft, recovery=st.session_state["goal recovery"]))
    _solve(opened, known)


def _buttons(opened: Study, known: Measured, wanted: Asked) -> None:
    st.button(
        "Solve the rest", key="solve", type="primary", icon=":material/calculate:",
        disabled=not wanted.budgets, on_click=_solve, args=(opened, known, False, True),
        help="Within the budgets, with what is locked as it is. Moving a slider does the same.",
    )  # fmt: skip
    options = [_PROVE, _LOOK, *_TITLES.values()]
    last = solved(opened)
    others = {}
    if last is not None:
        others = {
            f"As good: {differing(last.plan, each)}": each for each in last.solution.alternatives
        }
    st.menu_button(
        "Other plans", [*options, *others], key="other plans", disabled=not wanted.budgets,
        on_click=lambda: _other(opened, known, others),
        help="Prove that no plan of measured sparsities is better; look around with the predictor "
        "of whole plans; or let a simple rule use the same budgets.",
    )  # fmt: skip


def _other(opened: Study, known: Measured, others: Mapping[str, Plan]) -> None:
    picked = st.session_state["other plans"]
    if picked is None:
        return
    st.session_state.pop(_refusal(opened), None)
    if picked == _PROVE:
        _solve(opened, known, exact=True, always=True)
        return
    wanted = asked(opened, known)
    try:
        if picked == _LOOK:
            _look(opened, known, wanted)
        elif picked in others:
            _edit(opened, others[picked])
        else:
            name = next(name for name in BASELINES if _TITLES[name] == picked)
            _edit(opened, _ruled(opened, known, wanted, name))
    except PrunescopeError as error:
        st.session_state[_refusal(opened)] = str(error)


def _turn(plan: Plan) -> None:
    """Show the table of what leaves in ``plan``, unless it shows some of it already."""
    leaving = [choice.granularity for choice in plan.active().values()]
    kinds = [name if name in UNITS else "weight" for name in leaving]
    if kinds and st.session_state.get("plan granularity", "weight") not in kinds:
        st.session_state["plan granularity"] = kinds[0]


def _edit(opened: Study, plan: Plan) -> None:
    _turn(plan)
    session.edit(opened, replace(plan, name=session.draft(opened).plan.name))


def _ruled(opened: Study, known: Measured, wanted: Asked, name: str) -> Plan:
    problem = posed(opened, known, wanted).ready.problem
    found = None
    if name in ("lamp", "global-magnitude"):
        score = "lamp" if name == "lamp" else "magnitude"
        found = levels(opened.folder, opened.manifest, score, units_leave(problem))
    return baseline(name, problem, found, wanted.limits())


def _look(opened: Study, known: Measured, wanted: Asked) -> None:
    """The best plan near the solved one by the predictor of whole plans."""
    made = posed(opened, known, wanted)
    found = answer(made, wanted.limits())
    near = proposals(
        made.ready.problem, found, lambda plan: made.predicted(plan).divergence, count=1,
        looks=_LOOKS,
    )  # fmt: skip
    if near:
        _take(opened, wanted, found, near[0].plan)


def _say(opened: Study, known: Measured) -> None:
    """What was found, how good it is, and what stands in the way."""
    refusal = st.session_state.get(_refusal(opened))
    if refusal:
        st.warning(refusal, icon=":material/block:")
    last = solved(opened)
    if last is not None:
        st.caption(_told(last.solution))
    elif not refusal:
        st.caption("Move a budget: what is not locked is solved for it at once.")
    if last is None:
        return
    grids = missing_grid(posed(opened, known, asked(opened, known)))
    if grids:
        names = ", ".join(name for grid in grids for name in grid.subjects[:6])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":material/warning: Not measured, so left dense: {names}.")
            if st.button("Measure just these", key="measure missing"):
                for grid in grids:
                    command = grid_command(grid, str(opened.folder)).split()
                    start(opened.folder, command[1:])
                st.rerun()


def _told(found: Solution) -> str:
    parts = []
    if found.gap is None:
        parts.append("Found around measured tables; nothing is proven about the best")
    elif found.exact:
        parts.append("**Proven**: no plan of measured sparsities is better")
    else:
        parts.append(f"Within **{100 * found.gap:.2g} %** of the best plan of measured sparsities")
    words = OBJECTIVES.get(found.objective, found.objective)
    parts.append(f"{words} {found.value:.3g}, added up over single layers")
    for kind, cost in found.costs.items():
        if kind == "drop":
            most = units.points(found.limits[kind])
            parts.append(f"predicted drop {units.points(cost)} of {most}")
        else:
            share = cost / found.dense[kind] if found.dense[kind] else 0.0
            limit = found.limits[kind] / found.dense[kind] if found.dense[kind] else 0.0
            parts.append(f"{BUDGETS[kind]} {units.percent(share)} of {units.percent(limit)}")
    if found.alternatives:
        count = len(found.alternatives)
        parts.append(f"{count} more {'plan is' if count == 1 else 'plans are'} within 1 % of it")
    return " · ".join([*parts, *found.notes])
