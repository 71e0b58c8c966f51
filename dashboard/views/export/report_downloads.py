"""The plan's report: one press for the page, and for its numbers and the model card."""

from collections.abc import Callable

import streamlit as st

from prunescope.report.gather import gather
from prunescope.report.model_card import model_card
from prunescope.report.numbers import as_csv, as_json
from prunescope.report.page import page
from prunescope.report.plan_report import PlanReport
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


def show(opened: StudyFolder, plan: Plan) -> None:
    """Offer the report of ``plan``; it is put together when somebody presses."""
    st.subheader("Report", anchor=False)
    offers: list[tuple[str, str, str, str, Callable[[PlanReport], str]]] = [
        ("Report", "report.html", "text/html", ":material/description:",
         lambda made: page(made, opened)),
        ("JSON", "report.json", "application/json", ":material/data_object:", as_json),
        ("CSV", "report.csv", "text/csv", ":material/table:", as_csv),
        ("Model card", "README.md", "text/markdown", ":material/badge:", model_card),
    ]  # fmt: skip
    with st.container(horizontal=True):
        for label, name, kind, icon, written in offers:
            st.download_button(
                f"Download {label.lower()}" if label == "Report" else label,
                _later(opened, plan, written), name, kind, on_click="ignore", icon=icon,
                type="primary" if label == "Report" else "secondary",
                key=f"report {name} {plan.digest}",
            )  # fmt: skip
    st.caption(
        "One file that opens anywhere, without a network: the model, curves, the plan and why, "
        "predicted against measured, before and after, samples that changed, provenance. Pictures "
        "of these samples come once the plan is exported."
    )


def _later(
    opened: StudyFolder, plan: Plan, written: Callable[[PlanReport], str]
) -> Callable[[], bytes]:
    """What makes the file when it is asked for: gathering takes a second or two."""
    return lambda: written(gather(opened, plan)).encode()
