"""Fragments that tick by themselves, and tell their own ticks from the page's run.

A fragment runs once as part of every run of the page. To run the page anew from there would end
that run before it comes to what was just pressed, and the press would be lost: only a tick of the
fragment's own may do so.
"""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from prunescope.dashboard.shared import problems


def start(key: str) -> None:
    """Note that the page runs, right before it calls the fragment ``key``."""
    st.session_state[_name(key)] = True


def of_page(key: str) -> bool:
    """Return whether the fragment ``key`` runs as part of the page; to be asked once per run."""
    return bool(st.session_state.pop(_name(key), False))


def room(key: str) -> DeltaGenerator:
    """Return a place for a fragment that ticks, to be asked for also while nothing ticks there.

    A fragment is a part of the page: if it came and went, all parts below it would get other
    numbers, be thrown away by the browser, and be made anew. An empty place takes no room.
    """
    return st.container(key=f"polling {key}")


def follow(key: str, seconds: float, do: Callable[[], None]) -> None:
    """Call ``do`` every so many seconds from now on, in ticks of its own."""
    start(key)
    st.fragment(_tick, run_every=seconds)(key, do)


def _tick(key: str, do: Callable[[], None]) -> None:
    if of_page(key):
        return
    with problems.shown():
        do()


def _name(key: str) -> str:
    return f"page runs {key}"
