"""How fast the draft is predicted to be, from the tables that were measured here."""

from typing import Final

import numpy as np
import streamlit as st

from analysis.jobs import start
from analysis.latency.memory import peak_memory
from analysis.latency.table import LatencyPrediction, plan_units, predict_latency
from analysis.planning.plan import Plan
from analysis.store.folder import Study
from dashboard import loaders, units

_MOST: Final = 3


def show(opened: Study, plan: Plan) -> None:
    """Show latency and memory of ``plan``; without a table, how to get one."""
    if not opened.manifest.removable():
        return
    gone = plan_units(opened.manifest, plan)
    rows = [
        _row(predict_latency(opened.manifest, table, gone))
        for table in loaders.latency(opened)[:_MOST]
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("No latency table of this network yet, so its speed cannot be predicted.")
            if st.button("Time this network", key="time network", icon=":material/timer:"):
                start(opened.folder, ["time", str(opened.folder)])
                st.rerun()
    if opened.manifest.graph is not None:
        before, now = peak_memory(opened.manifest, {}), peak_memory(opened.manifest, gone)
        st.caption(
            f"Peak memory of one sample: {units.bytes_(now.total)} of {units.bytes_(before.total)} "
            "(weights and activations)."
        )


def _row(found: LatencyPrediction) -> dict[str, str]:
    """One line: the runtime, dense and now, and how far the table was off."""
    span = ""
    if np.isfinite(found.low) and np.isfinite(found.high):
        span = f" ({1000 * found.low:.3g} to {1000 * found.high:.3g})"
    said = "measured" if found.measured else "predicted"
    if not found.measured and found.error is not None:
        said += f", off by {units.percent(found.error)} at the median"
    return {
        "": f"{found.setting.runtime}, batch {found.setting.batch}",
        "Dense, ms": f"{1000 * found.dense_seconds:.3g}",
        "Plan, ms": f"**{1000 * found.seconds:.3g}**{span}",
        "How": said,
    }
