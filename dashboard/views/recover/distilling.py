"""The form that measures a plan again after a few steps of training without labels."""

import streamlit as st

from prunescope.commands import Verify
from prunescope.dashboard.shared import device_choice, plan_summary, rights
from prunescope.dashboard.shared.launch import start
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.study.recoveries import TITLES, TRAINING_STEPS, TRAINS
from prunescope.text.numbers import counted


def offer(opened: StudyFolder, plan: Plan) -> None:
    """Offer ``plan`` with recovery ``distil`` in place of its own, saved beside it."""
    if plan.recovery in TRAINS:
        return
    trained = plan.with_recovery("distil")
    with st.container(border=True, key="distil"):
        st.markdown(f"**{TITLES['distil']}** · no labels")
        st.caption(
            f"What is left is refitted in closed form, then {counted(TRAINING_STEPS, 'step')} "
            "towards the dense model's outputs follow on calibration inputs. That is training, of "
            "a minute or so on small networks."
        )
        device = device_choice.beside("distil device")
        if st.button(
            "Distil and measure", key="distil and measure", icon=":material/school:",
            disabled=rights.locked(),
            help=rights.why(f"Saves the plan as {trained.name} and measures it in a job."),
        ):  # fmt: skip
            opened.save_plan(trained)
            start(opened.folder, Verify(plan_summary.draft_file(opened, trained), device=device))
            st.rerun()
