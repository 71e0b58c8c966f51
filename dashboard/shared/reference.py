"""The study's reference plan on the pages: which it is, and how others stand against it."""

from typing import Final

import streamlit as st

from prunescope.dashboard.shared import knowledge, loaders, pages, problems, rights, session
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.errors import PrunescopeError
from prunescope.planning.against_reference import AgainstReference, against_reference
from prunescope.planning.measured_apart import StoredAnswers
from prunescope.planning.prediction.prediction import Prediction
from prunescope.store.folder import StudyFolder
from prunescope.store.reference_plan import pin, reference_name
from prunescope.study.plan import Plan

COMPARED: Final = "compared plans"
"""Key of the control that says which plans stand beside each other."""
DRAFT: Final = "(draft)"
NONE: Final = "(none)"
"""No saved plan can have these names: names begin with a letter or digit."""
MOST: Final = 6
_KEY: Final = "reference plan"


def name(opened: StudyFolder) -> str | None:
    """Return the name of the plan that others are compared with, as it is pinned now."""
    return reference_name(opened.saved_plans)


def plan(opened: StudyFolder) -> Plan | None:
    """Return the plan that others are compared with; None without one that can be read."""
    pinned = name(opened)
    try:
        return None if pinned is None else opened.plan(pinned)
    except PrunescopeError:  # the page Plans says why
        return None


def against(
    opened: StudyFolder, known: StudyMeasurements, one: Plan, guess: Prediction
) -> AgainstReference | None:
    """Return how ``one``, of which ``guess`` is expected, stands against the reference, if any."""
    other = plan(opened)
    if other is None:
        return None
    return against_reference(
        opened.manifest, known.curves,
        lambda which: guess if which is one else knowledge.predicted_reference(opened, which),
        loaders.measured_plans(opened), one, other, stored_answers(opened),
    )  # fmt: skip


def stored_answers(opened: StudyFolder) -> StoredAnswers:
    """Return what asks for the answers of measured plans."""
    return lambda one: loaders.answers(opened, one.digest)


def offered(opened: StudyFolder) -> list[str]:
    """Return what can be compared: the draft and the reference first, then other saved plans."""
    drafted = bool(session.draft(opened).plan.active())
    first = (DRAFT, name(opened))
    return sorted([*([DRAFT] if drafted else []), *opened.plans()], key=lambda n: n not in first)


def compare_button(opened: StudyFolder) -> None:
    """Lead from another page to the reference beside the draft and others, where there is one."""
    if name(opened) is not None and st.button(
        "Compare with the reference", key="compare with reference", icon=":material/push_pin:",
        help="Opens the page Plans with the reference beside the draft and the other saved plans.",
    ):  # fmt: skip
        st.session_state[COMPARED] = offered(opened)[:MOST]
        pages.go("plans")


def choice(opened: StudyFolder) -> None:
    """Let one saved plan be pinned for everybody who opens the study."""
    plans = [NONE, *opened.plans()]
    st.session_state[_KEY] = name(opened) or NONE  # whoever pinned it
    st.selectbox(
        "Reference", plans, key=_KEY, width=220, disabled=rights.locked(),
        on_change=_pin, args=(opened,),
        help=rights.why(
            "One saved plan that all others are compared with, here and above the draft on the "
            "page Plan. It is kept in the study, for everybody."
        ),
    )  # fmt: skip


def _pin(opened: StudyFolder) -> None:
    chosen = st.session_state[_KEY]
    with problems.shown():
        pin(opened.saved_plans, None if chosen == NONE else chosen)
