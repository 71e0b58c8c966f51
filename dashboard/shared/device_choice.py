"""The control that says which device a job computes on: the same in every form."""

from typing import Final

import streamlit as st

from prunescope.study.computations import DEVICE_NAMES

_HELP: Final = "auto takes a GPU that PyTorch can use where Prunescope runs, else the CPU."


def choose(key: str) -> str:
    """Ask for a device and return its name.

    Args:
        key: Of the control, one on each form.
    """
    return st.selectbox("Computed on", DEVICE_NAMES, key=key, help=_HELP)


def chosen(key: str) -> str:
    """Return what the control says now: a button's callback is older than the last choice."""
    return str(st.session_state.get(key, DEVICE_NAMES[0]))


def beside(key: str) -> str:
    """The same behind a button, beside one that begins to measure."""
    with st.popover("Device", icon=":material/memory:"):
        return choose(key)
