"""The line of one height at the top of the page *Plan*, and the shapes that it counts with."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, plan_summary, reference, wait_until_drawn
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.tables.network_facts import network_facts
from prunescope.dashboard.views.plan.head_words import HeadWords, head_words
from prunescope.latency.table.predict_time import LatencyPrediction, plan_units, predict_latency
from prunescope.planning.prediction.prediction import Prediction
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan

_FOLDER: Final = Path(__file__).parents[2]


def show(opened: StudyFolder, known: StudyMeasurements, plan: Plan, guess: Prediction) -> None:
    """Show the line of ``plan``, in a new window before all else of the page.

    The browser keeps its sizes while bars are dragged. Against a reference plan there is a second,
    smaller line.

    Args:
        opened: The study.
        known: Its measurements.
        plan: The draft.
        guess: What is expected of it.
    """
    line = words_of_plan(opened, known, plan, guess)
    stands = wait_until_drawn.word("head")
    head = st.components.v2.component(
        "prunescope_head", html=_asset("headline/headline.html"),
        css=_asset("headline/headline.css"), js=_asset("headline/headline.js"),
    )  # fmt: skip
    height = 56 if reference.plan(opened) is None else 82
    with st.container(key="head", height=height, border=False):
        head(key="head line", data=asdict(line) | {"stands": stands})
    wait_until_drawn.wait(stands)


def words_of_plan(
    opened: StudyFolder, known: StudyMeasurements, plan: Plan, guess: Prediction
) -> HeadWords:
    """Return the line of ``plan``, with what was measured of it and what this machine takes."""
    row = plan_summary.measured_row(loaders.verified(opened), plan)
    measured = None if row is None else float(row["score_sum"]) / max(int(row["samples"]), 1)
    return head_words(
        opened.manifest, plan, known.curves, guess, measured, _time_here(opened, plan),
        reference.against(opened, known, plan, guess),
    )  # fmt: skip


def shapes(opened: StudyFolder) -> None:
    """Give the browser the shapes that it counts with; call it at the end of the page."""
    sizes = st.components.v2.component("prunescope_sizes", js=_asset("painter/sizes.js"))
    sizes(key="sizes", data={"facts": network_facts(opened.manifest)}, height=1)


def _time_here(opened: StudyFolder, plan: Plan) -> LatencyPrediction | None:
    """What the first table that this machine timed says of ``plan``; None without one."""
    if not opened.manifest.removable():
        return None
    table = next((one for one in loaders.latency(opened) if not one.setting.elsewhere), None)
    if table is None:
        return None
    return predict_latency(opened.manifest, table, plan_units(opened.manifest, plan))


@lru_cache
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
