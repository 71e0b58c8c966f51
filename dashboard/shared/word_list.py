"""The glossary, one press away on every page."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from prunescope.dashboard.shared import guide_step, rights
from prunescope.text import plain
from prunescope.text.glossary import GLOSSARY


@st.fragment(key="words")
def show(place: DeltaGenerator) -> None:
    """Offer the words and their meanings at ``place``; they are sent when the list is opened."""
    with place:
        listed = st.popover(
            "Words", icon=":material/dictionary:", key="word list", on_change="rerun",
            help="What the words of these pages mean.",
        )  # fmt: skip
    with listed:
        if listed.open:
            if not rights.locked():
                _offer_guide()
            with st.container(height=480, border=False):
                for word in sorted(GLOSSARY, key=str.lower):
                    meaning = plain.text(GLOSSARY[word].replace("`", ""))
                    st.markdown(f"**{plain.text(word)}**  \n{meaning}")


def _offer_guide() -> None:
    if st.button(
        "Guide me through the pages", key="guide again", icon=":material/signpost:",
        help="From a curve to an exported file in five steps, below the pages.",
    ):  # fmt: skip
        guide_step.turn_to(1)
        st.rerun()
