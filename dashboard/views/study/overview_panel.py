"""What a study says so far, in three sentences, with the one step that is worth doing next."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import knowledge, loaders, pages, reference, session
from prunescope.dashboard.shared.drop_input import drop_input
from prunescope.planning.overview import Overview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain
from prunescope.text.computations import computation_sentences
from prunescope.text.scores import words_of

_ACCEPTED: Final = 0.01
_PLAN: Final = "plan"
_WAITING: Final = "- Reading what is measured …\n- …\n- …\n\n**Next:** …"
"""As high as what follows, so that nothing jumps."""


def begin(opened: StudyFolder) -> Callable[[], None]:
    """Show the panel without its sentences; the accepted drop is the one of the page *Curves*.

    Returns:
        What fills them in: to be called when the rest of the page stands, as a study's first
        prediction reads all of its logits.
    """
    words = words_of(opened.manifest)
    with st.container(border=True, key="overview"):
        with st.container(horizontal=True, vertical_alignment="center", key="overview head"):
            st.subheader("So far", width="content", anchor=False)
            st.space("stretch")
            limit = drop_input(
                words, f"Accepted {words.loss_word}", "limit", _ACCEPTED,
                "What may be lost. The sentences keep to it, and so does *Safe to* on the page "
                "Curves.",
            )  # fmt: skip
        place = st.container(key="overview sentences").empty()
        place.markdown(_WAITING)

    def fill() -> None:
        told = knowledge.overview(opened, limit or 0.0)
        with place.container():
            computed = loaders.measured(opened).frame["computed_on"]
            sentences = (*told.sentences(), *computation_sentences(opened.manifest, computed))
            st.markdown("\n".join(f"- {plain.text(sentence)}" for sentence in sentences))
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**Next:** {plain.text(told.step.value)}", width="content")
                _offer(opened, told, words.limit(limit or 0.0))

    return fill


def _offer(opened: StudyFolder, told: Overview, limit: str) -> None:
    if told.measured is not None and told.measured.within:
        _open(opened, told.measured.plan, "Open the measured plan")
    if told.reached is not None:
        _open(opened, replace(told.reached, name=f"within {limit}"), "Open the predicted plan")
    reference.compare_button(opened)


def _open(opened: StudyFolder, plan: Plan, label: str) -> None:
    if st.button(
        label, key=label, icon=":material/tune:",
        help="Makes it the draft on the page Plan, where it can be changed, measured and saved. "
        "The draft that is there now comes back by Undo.",
    ):  # fmt: skip
        session.edit(opened, plan)
        session.turn(plan)
        pages.go(_PLAN)
