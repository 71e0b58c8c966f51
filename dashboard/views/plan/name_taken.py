"""Saving where somebody else saved meanwhile: nothing is replaced before its saver has chosen."""

from dataclasses import replace
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import goal_form, problems, session
from prunescope.errors import PlanChanged
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain

_WAITING: Final = "plan to save"
"""The plan whose name is taken."""
_SHOWN: Final = 12
"""Differing layers that are named."""


def open_saved(opened: StudyFolder, name: str) -> None:
    """Make the saved plan ``name`` the draft."""
    plan = opened.plan(name)
    _known(opened)[name] = plan
    session.turn(plan)
    session.edit(opened, plan)


def save(opened: StudyFolder, plan: Plan) -> None:
    """Save ``plan`` and make it the draft; ask first where that would replace an unseen one."""
    opened.require_present()
    try:
        opened.saved_plans.save_over(plan, _known(opened).get(plan.name))
    except PlanChanged:
        st.session_state[_WAITING] = plan
        return
    _done(opened, plan)


def ask(opened: StudyFolder) -> None:
    """Show what is in the way of a save, if anything, and what can be done."""
    waiting: Plan | None = st.session_state.get(_WAITING)
    if waiting is None or waiting.fingerprint != opened.manifest.fingerprint:
        return
    _dialog(opened, waiting)


@st.dialog("Somebody saved this plan meanwhile", on_dismiss=lambda: _forget())
def _dialog(opened: StudyFolder, waiting: Plan) -> None:
    name = plain.text(repr(waiting.name))
    with problems.shown():
        theirs = opened.plan(waiting.name)
        apart = goal_form.differing(theirs, waiting, _SHOWN)
        st.markdown(
            f"The saved {name} is not the one that you opened. "
            + (f"Yours has {plain.text(apart)} where it differs." if apart else "Their layers "
               "agree; method, recovery or seed differ.")
        )  # fmt: skip
    other = opened.saved_plans.free_name(waiting.name)
    with st.container(horizontal=True):
        st.button(
            f"Keep both: save mine as {other}", key="keep both", type="primary",
            on_click=_keep_both, args=(opened, replace(waiting, name=other)),
        )  # fmt: skip
        st.button("Open theirs", key="open theirs", on_click=_theirs, args=(opened, waiting.name))
        st.button("Replace theirs", key="replace theirs", on_click=_over, args=(opened, waiting))


def _keep_both(opened: StudyFolder, plan: Plan) -> None:
    _forget()
    with problems.shown():
        save(opened, plan)


def _theirs(opened: StudyFolder, name: str) -> None:
    _forget()
    with problems.shown():
        open_saved(opened, name)


def _over(opened: StudyFolder, plan: Plan) -> None:
    _forget()
    with problems.shown():
        opened.save_plan(plan)
        _done(opened, plan)


def _done(opened: StudyFolder, plan: Plan) -> None:
    _known(opened)[plan.name] = plan
    session.edit(opened, plan)
    st.toast(plain.text(f"Saved as {plan.name!r} in {opened.saved_plans.folder}."))


def _forget() -> None:
    st.session_state.pop(_WAITING, None)


def _known(opened: StudyFolder) -> dict[str, Plan]:
    """The saved plans as this session opened or saved them last."""
    key = f"saved {session.draft_key(opened)}"
    if key not in st.session_state:
        st.session_state[key] = {}
    known: dict[str, Plan] = st.session_state[key]
    return known
