"""A field for an accepted loss, in the unit of the study's metric."""

from collections.abc import Callable

import streamlit as st

from prunescope.dashboard.shared import view
from prunescope.study.metric_summary import PERCENT
from prunescope.text.scores import ScoreWords

_MOST = 1e12


def drop_input(
    words: ScoreWords,
    label: str,
    key: str,
    usual: float | None = None,
    help_: str = "",
    width: int = 170,
    change: Callable[[], None] | None = None,
) -> float | None:
    """Return the stored drop that is asked for, or None where the field is empty.

    Args:
        words: Of the study's metric.
        label: What is accepted, without a unit.
        key: Of the field; each unit has one of its own, as its numbers mean nothing in another.
        usual: What stands in it first, as a share: of scores from 0 to 1 that share, of others so
            much of the dense score; None for an empty field.
        help_: Its tip.
        width: In pixels.
        change: Called when it changes.
    """
    is_percent = words.metric.unit == PERCENT
    most = 100.0 if is_percent else _MOST
    first = None if usual is None else float(f"{words.shown_drop(words.usual(usual)):.3g}")
    number = st.number_input(
        words.titled(label), 0.0, most, None if usual is None else "min",
        key=view.kept(
            key_of(words, key), first, view.between(0.0, most, empty=usual is None)
        ),
        step=0.5 if is_percent else float(f"{(first or _step(words)) / 2:.1g}"),
        format=None if is_percent else "%.4g", width=width, persist_state="session",
        placeholder="any", on_change=change, help=help_ or None,
    )  # fmt: skip
    return None if number is None else words.stored_drop(float(number))


def drop_said(words: ScoreWords, key: str, usual: float) -> float:
    """Return what the field says, where it is not shown; its usual drop while nobody changed it."""
    first = float(f"{words.shown_drop(words.usual(usual)):.3g}")
    number = view.said(key_of(words, key), first)
    return words.stored_drop(number if isinstance(number, float) else first)


def key_of(words: ScoreWords, key: str) -> str:
    """Return the key of the field for metrics of one unit."""
    return key if words.metric.unit == PERCENT else f"{key} in {words.metric.drop_unit or 'units'}"


def _step(words: ScoreWords) -> float:
    return abs(words.shown_drop(words.usual(0.01))) or 1.0
