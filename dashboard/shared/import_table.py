"""A latency table that another machine measured, taken into the study."""

import tempfile
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.commands import next_steps
from prunescope.dashboard.shared import problems, rights
from prunescope.errors import BadValue
from prunescope.latency.table.exchange import import_table
from prunescope.store.folder import StudyFolder
from prunescope.text import plain, units
from prunescope.text.numbers import counted

_KEY: Final = "latency table"
_MOST: Final = 4
"""Megabytes; ten thousand timed models take one."""


def offer(opened: StudyFolder) -> None:
    """Offer to take in a latency table that ``time`` wrote."""
    if rights.locked():
        return
    with st.popover("Import a table", icon=":material/upload_file:"):
        st.caption(
            f"Timed on another machine by `{next_steps.time_elsewhere()}`, "
            f"or from this network's study there with `{next_steps.time_elsewhere(study=True)}`."
        )
        given = st.file_uploader(
            "Latency table", type="parquet", key=_KEY, max_upload_size=_MOST,
            label_visibility="collapsed",
        )  # fmt: skip
        st.button(
            "Import", key="import table", type="primary", disabled=given is None,
            on_click=_take, args=(opened,),
        )  # fmt: skip


def _take(opened: StudyFolder) -> None:
    given = st.session_state.get(_KEY)
    if given is None:
        return
    with problems.shown(), tempfile.TemporaryDirectory(prefix="prunescope-table-") as folder:
        if given.size > _MOST * 1_000_000:  # the browser was asked to refuse it
            raise BadValue(
                f"Expected a latency table of at most {units.bytes_(_MOST * 1_000_000)}, but it "
                f"has {units.bytes_(given.size)}. Time fewer models at once."
            )
        path = Path(folder) / (Path(given.name).name or "table.parquet")
        path.write_bytes(given.getvalue())
        rows = import_table(opened.folder, opened.manifest, path)
        machines = ", ".join(sorted({row.machine for row in rows}))
        st.toast(f"{counted(len(rows), 'timed model')} of {plain.text(machines)} imported.")
