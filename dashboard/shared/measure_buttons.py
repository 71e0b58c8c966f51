"""Buttons that begin to measure what a plan or a prediction lacks."""

import streamlit as st

from prunescope.dashboard import plain
from prunescope.dashboard.shared import loaders, rights
from prunescope.dashboard.shared.launch import start
from prunescope.store.folder import Study
from prunescope.study.plan import Plan

COMBINATIONS = 9
"""Plans that one press measures: predictions then have a usable interval."""


def points(opened: Study, commands: str, key: str) -> None:
    """Offer to run ``commands`` (``prunescope sweep --study STUDY …``, joined by &&) as jobs."""
    if st.button(
        "Measure just these", key=key, icon=":material/science:", disabled=rights.locked(),
        help=rights.why(
            "In a job, the same as:  \n" + "  \n".join(map(plain.code, commands.split(" && ")))
        ),
    ):  # fmt: skip
        for command in commands.split(" && "):
            _, *arguments = command.split()
            start(opened.folder, [str(opened.folder) if a == "STUDY" else a for a in arguments])
        st.rerun()


def combinations(opened: Study, plan: Plan) -> None:
    """Offer to measure combinations that tell how far predictions of such plans are off."""
    if any(job.kind == "calibrate" for job in loaders.active(opened.folder)):
        return
    if st.button(
        f"Measure {COMBINATIONS} combinations", key="measure combinations",
        icon=":material/science:", disabled=rights.locked(),
        help=rights.why(
            "Plans that are chosen for what they teach, really applied and evaluated, in a job. "
            "They correct what is predicted and tell how far it is off."
        ),
    ):  # fmt: skip
        start(
            opened.folder,
            ["calibrate", str(opened.folder), "--plans", str(COMBINATIONS),
             "--recovery", plan.recovery],
        )  # fmt: skip
        st.rerun()
