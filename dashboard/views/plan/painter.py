"""The bars of all layers, painted in one stroke."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from prunescope.charts.colours import DARK_SCALE, LIGHT_SCALE
from prunescope.dashboard.shared import loaders, session
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan.bulk_edits import default_method
from prunescope.dashboard.views.plan.painter_values import STRONGEST, bars, painted
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK
from prunescope.text.scores import words_of

_ASSETS: Final = Path(__file__).parents[2] / "painter"
KEY: Final = "painter"
_SEEN: Final = "painter seen"
"""Number of the last edit that is in the draft."""
_BARS: Final = "painter bars"
"""What the bars on the page stand for, and their granularity."""


def show(
    opened: StudyFolder, known: StudyMeasurements, shown: tuple[str, ...], granularity: str
) -> None:
    """Show a bar per subject in ``shown`` and take what is painted into the draft."""
    if not shown:
        st.session_state.pop(_BARS, None)
        return
    st.session_state[_BARS] = (shown, granularity)
    words = words_of(opened.manifest)
    default = default_method(opened, known, granularity)
    dark = st.context.theme.type == "dark"
    what = {"weight": "layers", BLOCK: "blocks"}.get(granularity, "groups")
    _component()(
        key=KEY,
        data={
            "seq": st.session_state.get(_SEEN, 0),
            "bars": bars(opened.manifest, session.draft(opened).plan, known.curves, shown, default),
            "colours": DARK_SCALE if dark else LIGHT_SCALE,
            "hint": f"Drag across the {what} to paint how much leaves; arrow keys move one bar.",
            "ends": f"Background: {words.loss_word} of that {what[:-1]} alone, strongest from "
            f"{words.limit(words.usual(STRONGEST))}",
        },
        default={"edit": None},
        on_edit_change=lambda: take(opened),
    )


def take(opened: StudyFolder) -> None:
    """Take what was painted last into the draft, unless it is in there; call it at any time.

    Streamlit runs the callbacks of buttons before those of components, and where one event follows
    the other closely it stops the first one's callback on the way. So whatever builds on the draft
    takes the painter's edit first, and the edit counts as taken once it is in the draft.
    """
    edit = st.session_state[KEY]["edit"] if KEY in st.session_state else None
    if not isinstance(edit, dict):
        return
    seq = edit.get("seq")
    if not isinstance(seq, int) or not st.session_state.get(_SEEN, 0) < seq < 2**53:
        return
    shown, granularity = st.session_state.get(_BARS, ((), "weight"))
    draft = session.draft(opened)
    try:
        default = default_method(opened, loaders.measured(opened), granularity)
        plan = painted(draft.plan, edit, shown, default)
    except BadValue as error:
        session.notice(str(error))
    else:
        if plan != draft.plan:
            session.edit(opened, plan)
    st.session_state[_SEEN] = seq


def _component() -> ComponentRenderer:
    """Registered in every run: a new server knows no component."""
    html, css, js = (_asset(kind) for kind in ("html", "css", "js"))
    return st.components.v2.component("prunescope_painter", html=html, css=css, js=js)


@lru_cache
def _asset(kind: str) -> str:
    return (_ASSETS / f"painter.{kind}").read_text(encoding="utf-8")
