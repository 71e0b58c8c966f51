"""Which plan a page works on: the draft, or one saved in the study."""

import streamlit as st

from prunescope.dashboard.shared import reference, session
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.text import plain, units

_DRAFT = "The draft on the Plan page"


def plan(opened: StudyFolder, key: str) -> Plan | None:
    """Show the choice of plans and return the chosen one; say what to do when it prunes nothing."""
    names = [_DRAFT, *opened.plans()]
    drafted = session.draft(opened).plan
    first = _DRAFT if drafted.active() else _first(opened)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Plan", names, names.index(first), key=key, width=320)
        chosen = drafted if name == _DRAFT else opened.plan(name)
        st.caption(describe(chosen))
    if not chosen.active():
        st.info(
            "This plan removes nothing yet. Set sparsities on the Plan page, or choose a saved "
            "plan.",
            icon=":material/tune:",
        )
        return None
    return chosen


def _first(opened: StudyFolder) -> str:
    """What is worked on before anybody chose, while the draft is empty."""
    if (pinned := reference.plan(opened)) is not None:
        return pinned.name
    newest = opened.saved_plans.newest()
    try:
        return _DRAFT if newest is None else opened.plan(newest).name
    except PrunescopeError:  # whoever chooses it is told why
        return _DRAFT


def describe(chosen: Plan) -> str:
    """Return a plan in one line."""
    active = chosen.active()
    if not active:
        return "nothing is removed"
    values = [choice.sparsity for choice in active.values()]
    methods = ", ".join(sorted({str(choice.method) for choice in active.values()}))
    span = (
        units.percent(values[0], 0)
        if min(values) == max(values)
        else f"{units.percent(min(values), 0)} to {units.percent(max(values), 0)}"
    )
    leave = [choice.granularity in UNITS for choice in active.values()]
    word = "group" if all(leave) else "layer or group" if any(leave) else "layer"
    word = word.replace(" or ", "s or ") + "s" if len(active) > 1 else word
    by = f"by {plain.text(methods)} · {plain.code(chosen.digest)}"
    return f"{len(active)} {word} pruned by {span}, {by}"
