"""A solved plan that rests is compared with what lies around it, as whole plans, once."""

import time
from typing import Final

import streamlit as st

from analysis.errors import PrunescopeError
from analysis.store.folder import Study
from dashboard import ticks
from dashboard.asked import Asked
from dashboard.loaders import Measured
from dashboard.resting import Rest
from dashboard.views.parts import controls, settling, solving

_TICK: Final = 1.0
_REST: Final = "goal rest"
_LOOKED: Final = "looked around"
_PATIENCE: Final = 1.0
_SECONDS: Final = 1.5
"""To wait, and to look around for."""


def follow(opened: Study, known: Measured, wanted: Asked) -> None:
    """Look around the last solved plan once it has rested, unless that was done."""
    last = solving.solved(opened)
    on = st.session_state.get(controls.AROUND, True)
    if not on or last is None or not wanted.budgets or _done(last) or settling.under_way(opened):
        return
    ticks.follow(_REST, _TICK, lambda: look(opened, known, time.monotonic()))


def _done(last: solving.Solved) -> bool:
    """Whether there is nothing to look for: it was done, a proof was asked, nothing is pruned."""
    found = last.solution
    looked = st.session_state.get(_LOOKED) == last.plan.digest
    seen = last.settlement is not None or found.predicted is not None
    return looked or last.proof or seen or not last.plan.active()


def look(opened: Study, known: Measured, now: float) -> None:
    """Look around when the solved plan is still the draft and rested; the page runs anew."""
    last = solving.solved(opened)
    if last is None or _done(last) or settling.under_way(opened):
        return
    wanted = controls.asked(opened, known)
    rest: Rest = st.session_state.get(_REST, Rest()).seen(last.plan.digest, now)
    st.session_state[_REST] = rest
    if now - rest.since < _PATIENCE or wanted.key() != last.key or wanted.limits() != last.limits:
        return
    st.session_state[_LOOKED] = last.plan.digest
    try:
        solving.look(opened, known, wanted, _SECONDS)
    except PrunescopeError:  # what was solved stays
        return
    st.rerun()
