"""The guide: one step at a time, below the page, until it is put away for good."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import guide_step, page_header, pages
from prunescope.dashboard.shared.drop_input import drop_said
from prunescope.dashboard.views.guide.steps import STEPS, Step
from prunescope.dashboard.views.show.page import ACCEPTED
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import words_of

_SCRIPT: Final = Path(__file__).parents[2] / "guide" / "guide.js"


def show(page: str) -> None:
    """Show the step that this window is at; call it at the end of the page at path ``page``."""
    _remember()
    opened = page_header.study()
    number = guide_step.now(opened.folder) if opened is not None else None
    if opened is None or number is None:
        return
    number = min(number, len(STEPS))
    step = STEPS[number - 1]
    with (
        st.bottom,
        st.container(
            key="guide", horizontal=True, vertical_alignment="center", border=True, gap="small"
        ),
    ):
        with st.container(width="stretch"):
            st.markdown(_words(opened, step, number, step.page == page))
        if number > 1:
            st.button("Back", key="guide back", on_click=guide_step.turn_to, args=(number - 1,))
        _onward(step, number, page, step.done(opened))
        st.button(
            "", key="guide away", icon=":material/close:", type="tertiary",
            on_click=guide_step.put_away,
            help="Put the guide away for good. *Words* on top brings it back.",
        )  # fmt: skip


def _words(opened: StudyFolder, step: Step, number: int, here: bool) -> str:
    head = f"**{number} of {len(STEPS)} · {step.title}**"
    if not here:
        return head
    words = words_of(opened.manifest)
    limit = drop_said(words, "limit", ACCEPTED)
    says = step.says(opened, limit) if step.says is not None else ""
    do = step.do.replace("drop*", f"{words.loss_word}*")
    return f"{head} — {do} {plain.text(says)}".strip()


def _onward(step: Step, number: int, page: str, done: bool) -> None:
    """To the step's page where it is another one, else to the next step."""
    if step.page != page:
        if st.button(f"To the page {step.page.capitalize()}", key="guide go", type="primary"):
            pages.go(step.page)
    elif number == len(STEPS):
        st.button(
            "Done", key="guide done", type="primary" if done else "secondary",
            on_click=guide_step.put_away,
        )  # fmt: skip
    elif st.button(
        f"Next: {STEPS[number].title}", key="guide next", type="primary" if done else "secondary"
    ):
        guide_step.turn_to(number + 1)
        if STEPS[number].page != page:
            pages.go(STEPS[number].page)
        st.rerun()


def _remember() -> None:
    """Let the browser keep what this session decided about the guide."""
    away = guide_step.changed()
    if away is None:
        return
    keep = st.components.v2.component("prunescope_guide", js=_script())
    keep(key="guide kept", data={"name": guide_step.COOKIE, "away": away}, height=1)


@lru_cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
