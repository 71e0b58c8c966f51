"""The one place where the dashboard shows an error."""

import contextlib
from collections.abc import Iterator

import streamlit as st

from prunescope.errors import PrunescopeError
from prunescope.text import plain


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Show the sentence of whatever a user can cause or mend, instead of the block's rest."""
    try:
        yield
    except PrunescopeError as error:
        st.error(plain.text(error), icon=":material/error:")
