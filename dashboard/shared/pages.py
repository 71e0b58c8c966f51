"""The pages by their paths, for the way from one to another."""

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_PAGES = "pages"


def remember(pages: Sequence[StreamlitPage]) -> None:
    """Keep the pages of this run."""
    st.session_state[_PAGES] = {page.url_path: page for page in pages}


def go(path: str) -> None:
    """Show the page at ``path`` instead of this one."""
    st.switch_page(st.session_state[_PAGES][path])
