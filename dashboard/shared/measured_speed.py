"""How long dense and pruned take on this machine, told honestly."""

import pandas as pd
import streamlit as st

from prunescope.commands import Time
from prunescope.dashboard.charts.staircase import staircase_figure, staircase_frame
from prunescope.dashboard.shared import loaders, plan_summary, predicted_time, rights, take_away
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import meanings
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.shared.machines import machines_of, where
from prunescope.latency.latency_report import (
    LatencyReport,
    Ratio,
    RuntimeLatency,
    Timing,
    read_latency,
)
from prunescope.latency.runtimes.registry import runtimes, usual_runtimes
from prunescope.latency.table.predict_time import LatencyPrediction, plan_units, predict_latency
from prunescope.latency.table.staircase import described, flat_steps
from prunescope.latency.table.staircase import staircase as steps
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain, units
from prunescope.text.lists import listed
from prunescope.text.numbers import exact


def show(opened: StudyFolder, plan: Plan) -> None:
    """Show the plan's latency against the dense model, and a button that measures it."""
    st.subheader("Speed on this machine", anchor=False)
    report = read_latency(opened.folder, plan.digest)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.number_input("Batch", 1, 1024, 1, key="time batch", width=110)
        threads = st.number_input("Threads", 1, 64, 1, key="time threads", width=110)
        also = st.toggle(
            "int8 too", key="time int8", help="Both models quantised as well: a few seconds more."
        )
        if st.button("Measure again" if report else "Measure speed", key="time",
                     icon=":material/timer:", disabled=rights.locked(),
                     help=rights.why()):  # fmt: skip
            start(
                opened.folder,
                Time(
                    plan_summary.draft_file(opened, plan),
                    batch=batch,
                    threads=threads,
                    runtime=tuple(each.name for each in runtimes()) if also else (),
                ),
            )
            st.rerun()
        st.caption(f"Dense and pruned in turns, in {listed(_timed(also))}; leave the machine idle.")
    if report is not None:
        if report.warning:
            st.warning(plain.text(report.warning), icon=":material/hourglass_top:")
        for sentence in report.verdicts:
            st.markdown(f"- {plain.text(sentence)}")
        timed = [_row(each) for each in report.runtimes if each.problem is None]
        if timed:
            take_away.table(opened, pd.DataFrame(timed), "Speed", plan.name)
            st.table(pd.DataFrame(timed), hide_index=True)
        st.caption(
            plain.text(f"{report.memory_line} {_conditions(report)}"),
            help=meanings(timed[0]) if timed else None,
        )
    predicted(opened, plan)
    if opened.manifest.removable():
        _staircases(opened, batch, threads)


def _timed(every: bool) -> list[str]:
    """What the runtimes that the button times are called."""
    return [each.title for each in (runtimes() if every else usual_runtimes())]


def predicted(opened: StudyFolder, plan: Plan) -> None:
    """Show what the latency tables say of ``plan``: one line for each setting."""
    gone = plan_units(opened.manifest, plan)
    if plan.active() and not any(gone.values()):
        st.markdown("- Only weights become zero: 1.0× the dense speed in dense runtimes.")
        return
    found = [predict_latency(opened.manifest, table, gone) for table in loaders.latency(opened)]
    if found:
        st.markdown("By the smaller models that were timed:")
        predicted_time.lines(found)
        st.caption(
            plain.text(" ".join([where(machines_of(found)), *filter(None, map(_error, found))])),
            help=meanings(predicted_time.COLUMNS),
        )


def _error(found: LatencyPrediction) -> str:
    """How good predictions of a setting are, beside the simplest rule; empty where unknown."""
    if found.error is None or found.macs_error is None:
        return ""
    return (
        f"{found.setting.runtime} {found.setting.version}: {units.percent(found.error)} off at the "
        f"median of {found.combinations} held-out models; time in proportion to MACs would be "
        f"{units.percent(found.macs_error, 0)} off."
    )


def staircase(opened: StudyFolder, group: str) -> None:
    """Show the time over kept units of ``group``, and which steps buy nothing."""
    known = {
        table.setting: steps(opened.manifest, table, group) for table in loaders.latency(opened)
    }
    if not known:
        st.caption("No smaller models are timed yet: time some on the Export page.")
        return
    st.plotly_chart(
        staircase_figure(staircase_frame(known), st.context.theme.type == "dark"),
        key=f"staircase {group}",
        config=chart_config(opened, group, "time"),
    )
    granularity = opened.manifest.group(group).granularity
    for setting, each in known.items():
        for sentence in described(flat_steps(each), granularity):
            st.caption(plain.text(f"{setting.runtime}, batch {setting.batch}: {sentence}"))
    machines = {setting.machine for setting in known}
    st.caption(
        f"Time relative to the dense model, the rest dense. On {plain.text('; '.join(machines))}."
    )


def _staircases(opened: StudyFolder, batch: int, threads: int) -> None:
    with st.expander("What each group's units cost", icon=":material/stairs:"):
        groups = [group.name for group in opened.manifest.removable()]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Group", groups, key="staircase group", width=260)
            budget = st.number_input(
                "Seconds to spend", 10, 3600, 120, key="time budget", width=150
            )
            if st.button(
                "Time smaller models", key="time table", icon=":material/timer:",
                disabled=rights.locked(), help=rights.why(),
            ):  # fmt: skip
                start(opened.folder, Time(batch=batch, threads=threads, budget=budget))
                st.rerun()
        staircase(opened, str(chosen))


def _row(each: RuntimeLatency) -> dict[str, str]:
    return {
        "Runtime": plain.text(f"{each.runtime} {each.version}"),
        "Dense, ms": _time(each.dense),
        "Pruned, ms": _time(each.pruned),
        "Dense / pruned": _ratio(each.ratio),
        "Dense / dense": _ratio(each.control),
        "Taken by others": units.percent(each.taken, 0),
        "Rounds": exact(each.pairs),
    }


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.value:.2f}× ({ratio.low:.2f} to {ratio.high:.2f})"


def _time(timing: Timing) -> str:
    return f"{1000 * timing.low:.3g} (median {1000 * timing.median:.3g})"


def _conditions(report: LatencyReport) -> str:
    return (
        f"One forward pass of {report.batch} samples in the fastest fifth of the rounds, "
        f"{report.dtype}, {report.threads} of {report.cores} cores of {report.processor}. Dense / "
        "dense compares two copies of the dense model: what this machine shows where there is no "
        "difference."
    )
