"""A latency table that another machine measured, taken into the study."""

import tempfile
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard import plain
from prunescope.dashboard.shared import problems, rights
from prunescope.latency.table.exchange import import_table
from prunescope.store.folder import Study

_KEY: Final = "latency table"
_MOST: Final = 4
"""Megabytes, as ``maxUploadSize`` has them too; ten thousand timed models take one."""


def offer(opened: Study) -> None:
    """Offer to take in a file that ``prunescope time --export-table`` wrote."""
    if rights.locked():
        return
    with st.popover("Import a table", icon=":material/upload_file:"):
        st.caption(
            "Timed on another machine by `prunescope time MODEL --data DATA --export-table FILE`, "
            "or from this network's study there with `prunescope time STUDY --export-table FILE`."
        )
        given = st.file_uploader(
            "Latency table", type="parquet", key=_KEY, max_upload_size=_MOST,
            label_visibility="collapsed",
        )  # fmt: skip
        st.button(
            "Import", key="import table", type="primary", disabled=given is None,
            on_click=_take, args=(opened,),
        )  # fmt: skip


def _take(opened: Study) -> None:
    given = st.session_state.get(_KEY)
    if given is None:
        return
    with problems.shown(), tempfile.TemporaryDirectory(prefix="prunescope-table-") as folder:
        path = Path(folder) / (Path(given.name).name or "table.parquet")
        path.write_bytes(given.getvalue())
        rows = import_table(opened.folder, opened.manifest, path)
        machines = ", ".join(sorted({row.machine for row in rows}))
        st.toast(f"{len(rows):,} timed models of {plain.text(machines)} imported.")
