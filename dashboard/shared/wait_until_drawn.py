"""What decides stands in the browser before what is slow to draw is sent to it.

A browser that gets a whole page at once builds it at once: before the line at the top stands, it
has loaded what draws charts, a second's work. So a window's first run of a page waits at a few
places until the browser says, by a request of its own, that what was sent so far is drawn.
"""

import secrets
import threading
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import turns

PATH: Final = "_drawn"
"""Where browsers say so: this, a slash, and the word that the run waits for."""
_PATIENCE: Final = 2.0
"""Seconds that a run waits at most, since a hidden window draws nothing."""
_MOST: Final = 256
"""Words that are kept: a run that is broken off does not wait for its own."""
_waited: Final[dict[str, threading.Event]] = {}
_browsers = threading.Event()


def browsers_are_here() -> None:
    """Say that a window talks to this process through the frame that hears its words."""
    _browsers.set()


def word(name: str) -> str | None:
    """Return the word that the browser is to say once the part ``name`` stands.

    None where nobody waits: it stood before in this window, or no browser is there.
    """
    key = f"stood {name}"
    if key in st.session_state or not _browsers.is_set():
        return None
    st.session_state[key] = True
    return expect()


def expect() -> str:
    """Return a new word that ``wait`` can wait for."""
    while len(_waited) >= _MOST:
        _waited.pop(next(iter(_waited)), None)
    given = secrets.token_urlsafe(16)
    _waited[given] = threading.Event()
    return given


def wait(given: str | None, patience: float = _PATIENCE) -> bool:
    """Wait until the word was said, while another page may run; return whether it was."""
    if given is None:
        return False
    event = _waited.get(given)
    try:
        with turns.lent():
            return event is not None and event.wait(patience)
    finally:
        _waited.pop(given, None)


def said(given: str) -> None:
    """Let the run go on that waits for this word, if one does."""
    event = _waited.get(given)
    if event is not None:
        event.set()
