"""What the controls of all pages say, so that a link, a reload or another page restores it.

A control that belongs to the view takes its key from ``kept``. What the controls said last stays
in the session while their page is not shown, and travels in the address where it differs from the
usual.
"""

import json
from collections.abc import Callable, Collection
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import session

Allowed = Callable[[object], bool]
"""Whether a control can hold a value: links are foreign input, and offers change."""

LONGEST: Final = 4_000
"""Characters of a view in a link."""

_MEMORY: Final = "view"
_USUAL: Final = "view usual"
_PAGE: Final = "view page"
_PLACES: Final = "view places"
"""Under this key: control → the page that showed it last."""


def kept(key: str, usual: object, allowed: Allowed) -> str:
    """Return ``key`` for a control, whose value is then what it was, or what the link says.

    Call it right before the control, and give the control no value of its own.

    Args:
        key: Of the control.
        usual: What it says at first; not part of a link.
        allowed: Of the values that it can hold now; others become the usual one.
    """
    memory, state = _memory(), st.session_state
    value = state[key] if key in state else memory.get(key, usual)
    if isinstance(value, list) and isinstance(usual, tuple):
        value = tuple(value)
    if not allowed(value):
        value = usual
    if _arrived(key) or key not in state or state[key] != value:
        state[key] = value
    memory[key] = value
    st.session_state.setdefault(_USUAL, {})[key] = usual
    return key


def begin(page: str) -> None:
    """Say which page runs, before any control of it is drawn."""
    st.session_state[_PAGE] = page


def _arrived(key: str) -> bool:
    """Whether another page showed the control last: there, a fresh one would begin at its least."""
    places: dict[str, str] = st.session_state.setdefault(_PLACES, {})
    page = str(st.session_state.get(_PAGE, ""))
    before, places[key] = places.get(key, page), page
    return before != page


def said(key: str, usual: object) -> object:
    """Return what a control said last, wherever it is, or what the link says."""
    return _memory().get(key, usual)


def text() -> str | None:
    """Return what differs from the usual, as text for a link; None where nothing does."""
    usual = st.session_state.get(_USUAL, {})
    now = {key: st.session_state.get(key, value) for key, value in _memory().items()}
    own = {key: value for key, value in now.items() if key not in usual or usual[key] != value}
    if not own:
        return None
    packed = json.dumps(own, separators=(",", ":"), sort_keys=True)
    return packed if len(packed) <= LONGEST else None


def one_of(offered: Collection[object]) -> Allowed:
    """Allow what is offered."""
    return lambda value: _plain(value) and value in offered


def some_of(offered: Collection[object], most: int | None = None) -> Allowed:
    """Allow lists of what is offered, at most ``most`` long."""

    def allowed(value: object) -> bool:
        return (
            isinstance(value, list)
            and (most is None or len(value) <= most)
            and all(_plain(item) and item in offered for item in value)
            and len(set(value)) == len(value)
        )

    return allowed


def between(low: float, high: float, empty: bool = False) -> Allowed:
    """Allow numbers of the type of ``low`` within limits, and None where a control may be empty."""
    return lambda value: (
        empty if value is None else type(value) is type(low) and low <= value <= high
    )


def spans(low: int, high: int) -> Allowed:
    """Allow pairs of whole numbers in order within limits."""
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(end) is int for end in value)
        and low <= value[0] <= value[1] <= high
    )


def words(longest: int = 200) -> Allowed:
    """Allow short text."""
    return lambda value: isinstance(value, str) and len(value) <= longest


def switch(value: object) -> bool:
    """Allow on and off."""
    return isinstance(value, bool)


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _memory() -> dict[str, object]:
    if _MEMORY not in st.session_state:
        st.session_state[_MEMORY] = _parsed(session.link().view)
    memory: dict[str, object] = st.session_state[_MEMORY]
    return memory


def _parsed(packed: str | None) -> dict[str, object]:
    """What a link says; nothing where it is damaged, as every value is checked when it is used."""
    if packed is None or len(packed) > LONGEST:
        return {}
    try:
        told = json.loads(packed)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
