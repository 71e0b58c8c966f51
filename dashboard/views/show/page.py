"""The tour of a study for a projector: large letters, no forms, keys instead of buttons."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import page_header, show_mode
from prunescope.dashboard.shared.drop_input import drop_said
from prunescope.dashboard.views.show.stops import stops_of, tour_of
from prunescope.text import plain
from prunescope.text.scores import words_of

_FOLDER: Final = Path(__file__).parents[2] / "show"
_KEYS: Final = "show keys"
ACCEPTED: Final = 0.01


def page() -> None:
    """Show the stop that this window is at."""
    opened = page_header.required()
    if opened is None:
        show_mode.turn_to(None)
        return
    words = words_of(opened.manifest)
    tour = tour_of(opened, drop_said(words, "limit", ACCEPTED))
    stops = list(stops_of(tour).items())
    number = min(show_mode.stop() or 1, len(stops))
    title, draw = stops[number - 1]
    st.caption(
        f"{plain.text(opened.folder.name)} · {number} of {len(stops)} · "
        "arrow keys go on and back, Escape leaves"
    )
    st.header(plain.text(title), anchor=False)
    draw(tour)
    keys = st.components.v2.component(
        "prunescope_show", js=_asset("js"), css=_asset("css"), isolate_styles=False
    )
    keys(key=_KEYS, height=1, on_key_change=lambda: _press(number, len(stops)))


def _press(number: int, last: int) -> None:
    said = st.session_state[_KEYS].get("key")
    if said == "leave":
        show_mode.turn_to(None)
    elif said in ("first", "last"):
        show_mode.turn_to(1 if said == "first" else last)
    elif said in (1, -1):
        show_mode.turn_to(min(max(number + said, 1), last))


@lru_cache
def _asset(kind: str) -> str:
    return (_FOLDER / f"show.{kind}").read_text(encoding="utf-8")
