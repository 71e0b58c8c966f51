"""Named plans of a study, undo and redo."""

from dataclasses import replace

import streamlit as st

from prunescope.dashboard.shared import problems, rights, session
from prunescope.dashboard.views.plan import name_taken, painter
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain

_NEW = "Empty plan"


def toolbar(opened: StudyFolder) -> None:
    """Show the plan's name, open and save, undo and redo."""
    draft = session.draft(opened)
    with st.container(horizontal=True, vertical_alignment="center", key="plan toolbar"):
        st.button(
            "Undo", icon=":material/undo:", disabled=not draft.history.past, key="undo",
            on_click=_undo, args=(opened,), shortcut="Ctrl+Z",
        )  # fmt: skip
        st.button(
            "Redo", icon=":material/redo:", disabled=not draft.history.future, key="redo",
            on_click=_redo, args=(opened,), shortcut="Ctrl+Shift+Z",
        )  # fmt: skip
        names = opened.plans()
        saved = draft.plan.name in names
        st.caption(f"Plan **{plain.text(draft.plan.name)}** · {_status(opened, draft.plan, saved)}")
        st.space("stretch")
        with st.popover("Open", icon=":material/folder_open:"):
            chosen = st.selectbox("Plan", [_NEW, *names], key="open plan")
            with st.container(horizontal=True):
                st.button("Open", key="open", type="primary", on_click=_open, args=(opened, chosen))
                st.button(
                    "Delete", key="delete", disabled=chosen == _NEW or rights.locked(),
                    on_click=_delete, args=(opened, chosen),
                    help=rights.why("Into the study's trash, from where it can be restored."),
                )  # fmt: skip
            _trash(opened)
        with st.popover("Save", icon=":material/save:"):
            name = st.text_input("Name", draft.plan.name, key=f"plan name {draft.plan.name}")
            if name in names and name != draft.plan.name:
                st.caption(f"There is a saved plan {plain.text(repr(name))}.")
            st.button(
                "Save", key="save", type="primary", on_click=_save, args=(opened, name),
                disabled=rights.locked(), help=rights.why(),
            )  # fmt: skip
    name_taken.ask(opened)


def _trash(opened: StudyFolder) -> None:
    """The plans that were deleted, to be taken back."""
    names = opened.saved_plans.thrown_away()
    if not names:
        return
    chosen = st.selectbox("Deleted", names, key="trash")
    st.button(
        "Restore", key="restore", on_click=_restore, args=(opened, chosen),
        disabled=rights.locked(), help=rights.why(),
    )  # fmt: skip


def _undo(opened: StudyFolder) -> None:
    painter.take(opened)
    session.undo(opened)


def _redo(opened: StudyFolder) -> None:
    painter.take(opened)
    session.redo(opened)


def _status(opened: StudyFolder, plan: Plan, saved: bool) -> str:
    if not saved:
        return "not saved yet"
    try:
        return "saved" if opened.plan(plan.name) == plan else "changed since it was saved"
    except PrunescopeError:
        return "the saved plan of this name cannot be read"


def _open(opened: StudyFolder, name: str) -> None:
    with problems.shown():
        if name == _NEW:
            session.edit(opened, Plan(session.UNNAMED, opened.manifest.fingerprint))
        else:
            name_taken.open_saved(opened, name)


def _save(opened: StudyFolder, name: str) -> None:
    with problems.shown():
        name_taken.save(opened, replace(session.draft(opened).plan, name=name.strip()))


def _delete(opened: StudyFolder, name: str) -> None:
    with problems.shown():
        if opened.saved_plans.throw_away(name) is not None:
            st.toast(plain.text(f"{name!r} is in the trash; "))


def _restore(opened: StudyFolder, name: str) -> None:
    with problems.shown():
        given = opened.saved_plans.take_back(name)
        if given is not None:
            st.toast(plain.text(f"Restored as {given!r}."))
