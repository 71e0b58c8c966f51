"""What stands on the primary colour, readable in both themes."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

_STYLE: Final = Path(__file__).parents[1] / "contrast" / "contrast.css"


def mend() -> None:
    """Let what stands on the primary colour keep a contrast of 4.5 to 1."""
    style = st.components.v2.component("prunescope_contrast", css=_style(), isolate_styles=False)
    style(key="contrast", height=1)


@lru_cache
def _style() -> str:
    return _STYLE.read_text(encoding="utf-8")
