"""Which row of the table of layers is pressed or walked to: that layer is chosen everywhere."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import session

TABLE: Final = "sparsity table"
"""Key of the container that holds the table."""
KEY: Final = "table rows"
_SHOWN: Final = "table rows shown"
_SCRIPT: Final = Path(__file__).parents[2] / "table_rows" / "table_rows.js"


def watch(shown: tuple[str, ...], chosen: str | None) -> None:
    """Let a press on a row, or a key that walks to it, choose its layer.

    Args:
        shown: Layers or groups of the table.
        chosen: The one that the page is about.
    """
    st.session_state[_SHOWN] = shown
    rows = st.components.v2.component("prunescope_table_rows", js=_script())
    rows(
        key=KEY, data={"table": TABLE.replace(" ", "-"), "chosen": chosen},
        default={"picked": None}, on_picked_change=_pick, height=1,
    )  # fmt: skip


def _pick() -> None:
    said = st.session_state[KEY].get("picked") if KEY in st.session_state else None
    name = said.get("name") if isinstance(said, dict) else None
    if isinstance(name, str) and name in st.session_state.get(_SHOWN, ()):
        session.remember("layer", name)


@lru_cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
