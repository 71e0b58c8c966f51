"""Edit many layers at once; locked ones stay."""

from typing import Final

import streamlit as st

from prunescope.dashboard.shared import session, view
from prunescope.dashboard.shared.drop_input import drop_input
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.tables.plan import methods_of, names_of
from prunescope.planning import edits
from prunescope.store.folder import StudyFolder
from prunescope.study import Method
from prunescope.study.method import BLOCK
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import MULTIPLES
from prunescope.text.scores import words_of

_ACTIONS: Final = {
    "set": "Set to",
    "scale": "Scale by",
    "limit": "Limit each drop to",
    "round": "Keep a multiple of",
    "method": "Use method",
    "lock": "Lock",
    "unlock": "Unlock",
}
_USELESS: Final = {"weight": ("round",), BLOCK: ("scale", "round", "method")}
"""Edits that change nothing at a granularity."""
_EVERY: Final = "All layers"
_SEARCH: Final = "plan search"


def toolbar(opened: StudyFolder, known: StudyMeasurements, granularity: str) -> tuple[str, ...]:
    """Show the bulk edit, and return the subjects that the table is to show."""
    weights = granularity == "weight"
    kinds = [layer.kind for layer in opened.manifest.prunable()] if weights else []
    with st.container(horizontal=True, vertical_alignment="bottom", key="bulk"):
        st.text_input(
            "Show", key=view.kept(_SEARCH, "", view.words()), placeholder="Name or kind", width=150
        )
        scope = st.selectbox(
            "Of the shown", [_EVERY, *dict.fromkeys(kinds)], key="bulk scope", width=130,
            help="Which of the shown layers the next edit changes. Locked ones stay.",
        )  # fmt: skip
        offered = [name for name in _ACTIONS if name not in _USELESS.get(granularity, ())]
        action = st.selectbox(
            "Do", offered, format_func=lambda name: _ACTIONS[name], key="bulk action", width=170
        )
        value: float | str | int | None = None
        if action == "set" and granularity == BLOCK:
            value = st.number_input(
                "Sparsity, %", 0.0, 100.0, 100.0, 100.0, key="bulk block", width=120,
                help="A block stays at 0 and leaves at anything above.",
            )  # fmt: skip
        elif action == "set":
            value = st.number_input("Sparsity, %", 0.0, 100.0, 50.0, 5.0, key="bulk set", width=120)
        elif action == "scale":
            value = st.number_input("Factor", 0.0, 10.0, 0.9, 0.05, key="bulk scale", width=120)
        elif action == "limit":
            words = words_of(opened.manifest)
            value = drop_input(words, words.loss_word.capitalize(), "bulk limit", 0.01, width=120)
        elif action == "round":
            value = st.selectbox(
                "Units", MULTIPLES[1:], index=MULTIPLES[1:].index(8), key="bulk round", width=120,
                help="Lowers each group's sparsity until the units left are such a multiple.",
            )  # fmt: skip
        elif action == "method":
            value = st.selectbox(
                "Method", methods_of(opened.manifest, granularity), key="bulk method", width=150
            )
        shown = shown_at(opened, granularity)
        chosen = tuple(name for name in shown if scope == _EVERY or _kind(opened, name) == scope)
        if st.button(
            f"Apply to {len(chosen)}", key="bulk apply", disabled=not chosen, type="primary"
        ):
            session.edit(opened, _edited(opened, known, action, value, chosen, granularity))
            st.rerun()
    return shown


def default_method(opened: StudyFolder, known: StudyMeasurements, granularity: str) -> Method:
    """Return the method of layers that have none yet: the first one that was measured."""
    measured = {key.method for key in known.curves}
    names = [Method.parse(name) for name in methods_of(opened.manifest, granularity)]
    return next((name for name in names if name in measured), names[0])


def _edited(
    opened: StudyFolder,
    known: StudyMeasurements,
    action: str,
    value: float | str | int | None,
    chosen: tuple[str, ...],
    granularity: str,
) -> Plan:
    plan, default = session.draft(opened).plan, default_method(opened, known, granularity)
    if action == "set" and isinstance(value, float):
        return edits.set_sparsity(plan, chosen, value / 100, default)
    if action == "scale" and isinstance(value, float):
        own = [name for name in chosen if edits.choice_of(plan, name, default).sparsity > 0]
        return edits.scale(plan, own, value)
    if action == "limit" and isinstance(value, float):
        methods = [Method.parse(name) for name in methods_of(opened.manifest, granularity)]
        return edits.within_drop(plan, chosen, value, known.curves, methods)
    if action == "round" and isinstance(value, int):
        rounded, whole = edits.in_multiples(plan, chosen, value, opened.manifest)
        if whole:
            some = ", ".join(whole[:5]) + (f" and {len(whole) - 5} more" if len(whole) > 5 else "")
            session.notice(f"Too few units to remove any and keep a multiple of {value}: {some}.")
        return rounded
    if action == "method" and isinstance(value, str):
        return edits.set_method(plan, chosen, Method.parse(value))
    return edits.set_locks(plan, chosen, action == "lock", default)


def shown_at(opened: StudyFolder, granularity: str) -> tuple[str, ...]:
    """Return the layers or groups at a granularity that the search leaves."""
    wanted = str(st.session_state.get(_SEARCH, "")).lower()
    return tuple(
        name
        for name in names_of(opened.manifest, granularity)
        if wanted in name.lower() or wanted in _kind(opened, name)
    )


def _kind(opened: StudyFolder, name: str) -> str:
    return next((layer.kind for layer in opened.manifest.layers if layer.name == name), "group")
