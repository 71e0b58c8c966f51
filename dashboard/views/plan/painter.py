"""The bars of all layers, painted in one stroke."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from prunescope.charts.colours import DARK_SCALE, LIGHT_SCALE
from prunescope.dashboard.shared import session, view, wait_until_drawn
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import WORDS
from prunescope.dashboard.tables.plan import granularities
from prunescope.dashboard.views.plan.bulk_edits import default_method, shown_at
from prunescope.dashboard.views.plan.painter_values import (
    MARKS,
    STRONGEST,
    Subject,
    bars,
    chosen,
    elsewhere,
    in_forward_order,
    painted,
    pruned_at,
)
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK
from prunescope.text.scores import words_of

_ASSETS: Final = Path(__file__).parents[2] / "painter"
SCRIPTS: Final = ("state", "keys", "draw", "painter")
"""Joined to one module, in this order."""
KEY: Final = "painter"
TOGETHER: Final = "paint together"
_SEEN: Final = "painter seen"
"""Number of the last edit that is in the draft."""
_BARS: Final = "painter bars"
"""What the bars on the page stand for."""


def show(
    opened: StudyFolder, known: StudyMeasurements, shown: tuple[str, ...], granularity: str
) -> None:
    """Show a bar per subject in ``shown``, and what else leaves; take what is painted.

    Whatever the plan prunes at another granularity has a bar too: nothing is hidden.
    """
    plan = session.draft(opened).plan
    others = [kind for kind in granularities(opened.manifest) if kind != granularity]
    together = bool(others) and bool(st.session_state.get(TOGETHER))
    default = default_method(opened, known, granularity)
    subjects = [Subject(name, default) for name in shown]
    for kind in others:
        default = default_method(opened, known, kind)
        pruned = () if together else pruned_at(plan, kind)
        subjects += [
            Subject(name, default) for name in shown_at(opened, kind) if together or name in pruned
        ]
    on_page = in_forward_order(opened.manifest, subjects)
    st.session_state[_BARS] = on_page
    if not on_page:
        return
    words = words_of(opened.manifest)
    end = words.usual(STRONGEST)
    kinds = list(dict.fromkeys(subject.granularity for subject in on_page))
    stands = wait_until_drawn.word("painter")
    what = {"weight": "layers", BLOCK: "blocks"}.get(granularity, "groups")
    _component()(
        key=KEY,
        data={
            "seq": st.session_state.get(_SEEN, 0),
            "stands": stands,
            "bars": bars(opened.manifest, plan, known.curves, on_page),
            "others": elsewhere(plan, on_page),
            "selected": chosen(
                opened.manifest,
                session.remembered("layer"),
                [subject.name for subject in on_page],
            ),
            "colours": DARK_SCALE if st.context.theme.type == "dark" else LIGHT_SCALE,
            "hint": f"Drag across the {what} to paint how much leaves. Keys: arrows, digits, "
            "L locks, + and − zoom.",
            "kinds": [(kind, _leaving(kind, len(kinds) > 1)) for kind in kinds],
            "scale": {
                "title": f"{words.loss_word.capitalize()} of it alone",
                "end": min(words.limit(end), words.drop_short(end), key=len),
            },
        },
        default={"edit": None, "picked": None},
        on_edit_change=lambda: take(opened),
        on_picked_change=_pick,
    )
    wait_until_drawn.wait(stands)


def together() -> None:
    """Ask whether everything that can leave has a bar; for models that can lose units."""
    st.toggle(
        "Bars for all of them", key=view.kept(TOGETHER, False, view.switch),
        help="A bar for the weights of every layer and for the units of every group. A layer and "
        "the group of its name share one choice: painting one empties the other. What the plan "
        "prunes has a bar in any case.",
    )  # fmt: skip


def take(opened: StudyFolder) -> None:
    """Take what was painted last into the draft, unless it is in there; call it at any time.

    Streamlit runs the callbacks of buttons before those of components, and where one event follows
    the other closely it stops the first one's callback on the way. So whatever builds on the draft
    takes the painter's edit first, and the edit counts as taken once it is in the draft.
    """
    edit = _state("edit")
    seq = edit.get("seq")
    if not isinstance(seq, int) or not st.session_state.get(_SEEN, 0) < seq < 2**53:
        return
    draft = session.draft(opened)
    on_page: tuple[Subject, ...] = st.session_state.get(_BARS, ())
    try:
        plan = painted(draft.plan, edit, on_page)
    except BadValue as error:
        session.notice(str(error))
    else:
        if plan != draft.plan:
            session.edit(opened, plan)
        _remember(edit.get("picked"))
    st.session_state[_SEEN] = seq


def _pick() -> None:
    """The layer that was walked to, or whose name was pressed, is what the page is about."""
    _remember(_state("picked").get("name"))


def _remember(name: object) -> None:
    on_page: tuple[Subject, ...] = st.session_state.get(_BARS, ())
    if isinstance(name, str) and any(subject.name == name for subject in on_page):
        session.remember("layer", name)


def _state(name: str) -> dict[str, Any]:
    """What the browser said last under ``name``; foreign input."""
    said = st.session_state[KEY].get(name) if KEY in st.session_state else None
    return said if isinstance(said, dict) else {}


def _leaving(granularity: str, mixed: bool) -> str:
    """What a bar's filling means, behind the letters under it where there are several kinds."""
    text = WORDS[granularity][:1].lower() + WORDS[granularity][1:]
    return f"{MARKS[granularity]}: {text}" if mixed else text


def _component() -> ComponentRenderer:
    """Registered in every run: a new server knows no component."""
    return st.components.v2.component(
        "prunescope_painter", html=_asset("painter.html"), css=_asset("painter.css"), js=script()
    )


@lru_cache
def script() -> str:
    """Return the painter's module."""
    return "\n".join(_asset(f"{name}.js") for name in SCRIPTS)


@lru_cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
