"""How fast the draft is predicted to be, from the tables that were measured here."""

from typing import Final

import numpy as np
import streamlit as st

from prunescope.commands import Time
from prunescope.dashboard.shared import import_table, loaders, rights
from prunescope.dashboard.shared.explained import meanings
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.shared.machines import machines_of, where
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.table.predict_time import LatencyPrediction, plan_units, predict_latency
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain, units
from prunescope.text.numbers import counted

_MOST: Final = 3
COLUMNS: Final = ("Dense, ms", "Plan, ms", "How")


def show(opened: StudyFolder, plan: Plan, setting: str = "") -> None:
    """Show latency and memory of ``plan``; without a table, how to get one.

    Args:
        opened: The study.
        plan: The draft.
        setting: Of the table that a latency budget is kept by, shown first; empty for any.
    """
    if not opened.manifest.removable():
        return
    gone = plan_units(opened.manifest, plan)
    known = sorted(
        loaders.latency(opened),
        key=lambda table: str(table.setting) != setting,
    )
    found = [predict_latency(opened.manifest, table, gone) for table in known[:_MOST]]
    lines(found)
    machines = machines_of(found)
    here = any(not table.setting.elsewhere for table in known)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            plain.text(_where(machines, len(known) - len(found))),
            help=meanings(COLUMNS) if found else None,
        )
        if not here and st.button(
            "Time this network", key="time network", icon=":material/timer:",
            disabled=rights.locked(), help=rights.why(),
        ):  # fmt: skip
            start(opened.folder, Time())
            st.rerun()
        import_table.offer(opened)
    if opened.manifest.graph is not None:
        before, now = peak_memory(opened.manifest, {}), peak_memory(opened.manifest, gone)
        st.caption(
            f"Peak memory of one sample: {units.bytes_(now.total)} of {units.bytes_(before.total)} "
            "(weights and activations)."
        )


def lines(found: list[LatencyPrediction]) -> None:
    """Show each setting's dense and predicted time in a table, if there are any."""
    named = len(machines_of(found)) > 1
    if found:
        rows = [_row(each, named) for each in found]
        st.table(rows, border="horizontal", hide_index=True)


def _where(machines: list[str], more: int) -> str:
    if not machines:
        return "No latency table of this network yet, so its speed cannot be predicted."
    return where(machines) + (f" {more} more tables are on the Export page." if more else "")


def _row(found: LatencyPrediction, named: bool) -> dict[str, str]:
    """One line: the runtime, dense and now, and how far the table was off."""
    span = ""
    if np.isfinite(found.low) and np.isfinite(found.high) and found.low < found.high:
        span = f" ({1000 * found.low:.3g} to {1000 * found.high:.3g})"
    said = "measured" if found.measured else "predicted"
    if not found.measured and found.error is not None:
        said += f", off by {units.percent(found.error)} at the median"
    elif not found.measured:
        said += ", from too few timed models to say how well"
    setting = found.setting
    threads = f", {counted(setting.threads, 'thread')}" if setting.threads > 1 else ""
    machine = f", {setting.machine}" if named else ""
    machine += " (another machine)" if setting.elsewhere else ""
    return {
        "": plain.text(f"{setting.runtime}, batch {setting.batch}{threads}{machine}"),
        "Dense, ms": f"{1000 * found.dense_seconds:.3g}",
        "Plan, ms": f"**{1000 * found.seconds:.3g}**{span}",
        "How": said,
    }
