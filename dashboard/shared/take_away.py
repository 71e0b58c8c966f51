"""What can be taken away from a page: its tables as CSV here, its charts beside each camera."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from prunescope.dashboard.shared.chart_config import file_name
from prunescope.dashboard.tables.as_csv import as_csv
from prunescope.store.folder import StudyFolder
from prunescope.text import plain

_FOLDER: Final = Path(__file__).parents[1] / "take_away"
_OFFERED: Final = "take away"
_PLACE: Final = "take away place"
_CHARTS: Final = (
    "Every chart has a camera (PNG), SVG and CSV in its upper corner while the pointer is on it."
)


@dataclass(frozen=True)
class _Offer:
    title: str
    file: str
    table: pd.DataFrame


def table(opened: StudyFolder, frame: pd.DataFrame, title: str, *about: str) -> None:
    """Offer ``frame``, which the page shows, as a file.

    Args:
        opened: The study.
        frame: What is shown, numbers as shown.
        title: What people call it: ``Layers``.
        about: What it is of, for the file's name: a layer, a plan; its title comes first.
    """
    name = f"{file_name(opened, title.lower(), *about)}.csv"
    offers: dict[str, _Offer] = st.session_state.setdefault(_OFFERED, {})
    offers[name] = _Offer(" ".join([title, *about]), name, frame)


def reserve() -> None:
    """Take the place of the list in the header, and forget the tables of the run before."""
    st.session_state[_OFFERED] = {}
    listed = st.popover("Take away", icon=":material/download:", key="take away list")
    st.session_state[_PLACE] = listed.container()


def fill() -> None:
    """List in the header what the page offered, and give every chart its buttons."""
    place: DeltaGenerator | None = st.session_state.pop(_PLACE, None)
    if place is None:
        return
    offers: dict[str, _Offer] = st.session_state.get(_OFFERED, {})
    with place:
        for offer in offers.values():
            st.download_button(
                plain.text(offer.title), partial(as_csv, offer.table), offer.file, "text/csv",
                on_click="ignore", icon=":material/table:", key=f"take {offer.file}",
                type="tertiary",
            )  # fmt: skip
        st.caption(_CHARTS if offers else f"No table here. {_CHARTS}")
    buttons = st.components.v2.component(
        "prunescope_take_away", js=_asset("js"), css=_asset("css"), isolate_styles=False
    )
    buttons(key="take away buttons", height=1)


@lru_cache
def _asset(kind: str) -> str:
    return (_FOLDER / f"take_away.{kind}").read_text(encoding="utf-8")
