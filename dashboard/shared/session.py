"""What one browser session remembers: the study, the layer, and per study the draft of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from prunescope.dashboard.shared.history import History
from prunescope.dashboard.shared.link import Shared, decode_plan, from_query
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan

UNNAMED: Final = "untitled"
GRANULARITY: Final = "plan granularity"
"""Key of the control that says which table the Plan page shows."""
_LINK: Final = "link"
_NOTICE: Final = "notice"


@dataclass(frozen=True)
class Draft:
    """The plan being made.

    Attributes:
        history: The plan with undo and redo.
        base: The plan that the table was last filled from; typed edits count from it.
        revision: Changes whenever the table has to be filled anew.
    """

    history: History[Plan]
    base: Plan
    revision: int = 0

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.history.present


def read_link() -> None:
    """Take what the address says, once per session."""
    if _LINK not in st.session_state:
        query: Mapping[str, str] = {key: st.query_params[key] for key in st.query_params}
        st.session_state[_LINK] = from_query(query)


def link() -> Shared:
    """Return what the session's address said."""
    found: Shared = st.session_state.get(_LINK, Shared())
    return found


def forget_link(*names: str) -> None:
    """Let the address no longer decide ``names``, because the user has."""
    st.session_state[_LINK] = replace(link(), **dict.fromkeys(names))


def draft(study: StudyFolder) -> Draft:
    """Return the study's draft; the first time, the one from the link, else an empty plan."""
    key = draft_key(study)
    if key not in st.session_state:
        plan = _from_link(study.manifest) or Plan(UNNAMED, study.manifest.fingerprint)
        turn(plan)
        st.session_state[key] = Draft(History(plan), plan)
    found: Draft = st.session_state[key]
    return found


def edit(study: StudyFolder, plan: Plan) -> None:
    """Make ``plan`` the present one, and fill the table anew."""
    now = draft(study)
    st.session_state[draft_key(study)] = Draft(now.history.to(plan), plan, now.revision + 1)


def typed(study: StudyFolder, plan: Plan) -> None:
    """Make ``plan`` the present one; the table shows it already."""
    now = draft(study)
    st.session_state[draft_key(study)] = replace(now, history=now.history.to(plan))


def refill(study: StudyFolder) -> None:
    """Fill the table anew from the present plan."""
    now = draft(study)
    st.session_state[draft_key(study)] = Draft(now.history, now.plan, now.revision + 1)


def undo(study: StudyFolder) -> None:
    """Go one step back."""
    _move(study, draft(study).history.undone())


def redo(study: StudyFolder) -> None:
    """Go one step forward again."""
    _move(study, draft(study).history.redone())


def turn(plan: Plan) -> None:
    """Show the table of what leaves in ``plan``, unless it shows some of it already."""
    leaving = [choice.granularity for choice in plan.active().values()]
    kinds = [name if name in UNITS else "weight" for name in leaving]
    if kinds and st.session_state.get(GRANULARITY, "weight") not in kinds:
        st.session_state[GRANULARITY] = kinds[0]


def remember(name: str, value: str | None) -> None:
    """Keep a choice that pages share: ``layer``, ``method``."""
    st.session_state[f"chosen {name}"] = value


def remembered(name: str) -> str | None:
    """Return a choice that pages share; the first time, the one from the link."""
    key = f"chosen {name}"
    if key not in st.session_state:
        st.session_state[key] = vars(link()).get(name)
    found: str | None = st.session_state[key]
    return found


def notice(text: str | None = None) -> str | None:
    """Leave a sentence for the next run, or take the one that was left."""
    if text is not None:
        st.session_state[_NOTICE] = text
        return text
    found: str | None = st.session_state.pop(_NOTICE, None)
    return found


def _move(study: StudyFolder, history: History[Plan]) -> None:
    now = draft(study)
    st.session_state[draft_key(study)] = Draft(history, history.present, now.revision + 1)


def draft_key(study: StudyFolder) -> str:
    """Return under which key a session keeps the study's draft."""
    return f"draft {study.folder} {study.manifest.fingerprint}"


def _from_link(manifest: Manifest) -> Plan | None:
    text = link().plan
    if text is None:
        return None
    forget_link("plan")
    try:
        return decode_plan(text, manifest)
    except PrunescopeError as error:
        notice(str(error))
        return None
