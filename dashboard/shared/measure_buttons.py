"""Buttons that begin to measure what a plan or a prediction lacks."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from prunescope.commands import Calibrate, Sweep
from prunescope.dashboard.shared import device_choice, rights, study_jobs
from prunescope.dashboard.shared.launch import pressed
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain

COMBINATIONS = 9
"""Plans that one press measures: predictions then have a usable interval."""


_DEVICE: Final = "combinations device"


def points(opened: StudyFolder, sweeps: Sequence[Sweep], key: str) -> None:
    """Offer to run ``sweeps`` as jobs."""
    lines = "  \n".join(plain.code(sweep.line()) for sweep in sweeps)
    st.button(
        "Measure just these", key=key, icon=":material/science:", disabled=rights.locked(),
        help=rights.why(f"In a job, the same as:  \n{lines}"),
        on_click=pressed, args=(opened.folder, lambda: sweeps),
    )  # fmt: skip


def combinations(opened: StudyFolder, plan: Plan) -> None:
    """Offer to measure combinations that tell how far predictions of such plans are off."""
    if any(job.kind == Calibrate.command for job in study_jobs.active(opened.folder)):
        return
    device_choice.beside(_DEVICE)
    st.button(
        f"Measure {COMBINATIONS} combinations", key="measure combinations",
        icon=":material/science:", disabled=rights.locked(),
        help=rights.why(
            "Plans that are chosen for what they teach, really applied and evaluated, in a job. "
            "They correct what is predicted and tell how far it is off."
        ),
        on_click=pressed,
        args=(opened.folder, lambda: [_combinations(plan)]),
    )  # fmt: skip


def _combinations(plan: Plan) -> Calibrate:
    return Calibrate(COMBINATIONS, plan.recovery, device=device_choice.chosen(_DEVICE))
