"""At which step of the guide this window is, and whether this browser has put the guide away."""

from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import rights
from prunescope.sample_models.samples import DEMO

COOKIE: Final = "prunescope_guide"
_STEP: Final = "guide step"
_AWAY: Final = "guide is away"


def now(study: Path) -> int | None:
    """Return the number of the step, from 1 on; None where no guide is shown.

    A demo's first visitor meets it. Whoever may only look does not: most of its steps are theirs
    who own the study.
    """
    if rights.locked() or st.session_state.get(_AWAY, _put_away_before()):
        return None
    step: int | None = st.session_state.get(_STEP)
    return step or (1 if study.name.startswith(DEMO) else None)


def turn_to(number: int) -> None:
    """Go to a step; one that was put away comes back."""
    st.session_state[_STEP] = number
    st.session_state[_AWAY] = False


def put_away() -> None:
    """Show no guide any more, in this browser, until somebody asks for it."""
    st.session_state[_AWAY] = True


def changed() -> bool | None:
    """Return whether this session put the guide away, None where the browser's word still holds."""
    away: bool | None = st.session_state.get(_AWAY)
    return away


def _put_away_before() -> bool:
    return COOKIE in dict(st.context.cookies)
