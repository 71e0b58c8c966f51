"""The page *Export*: files that were reloaded and compared before they are offered, and speed."""

from pathlib import Path

import pandas as pd
import streamlit as st

from prunescope.commands import Export
from prunescope.dashboard.shared import (
    measured_speed,
    page_header,
    plan_picker,
    plan_summary,
    rights,
    take_away,
)
from prunescope.dashboard.shared.explained import meanings
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.tables.delivered_files import delivered_files
from prunescope.dashboard.views.export import delivered_front, report_downloads
from prunescope.export.export_report import (
    LOADER,
    ExportReport,
    FormatCheck,
    export_folder,
    read_report,
)
from prunescope.export.formats.format import MOST_LOST
from prunescope.export.formats.registry import export_formats, format_title
from prunescope.recovery.training.fine_tuning_report import RESULT, best_folder, read_result
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain, units
from prunescope.text.numbers import counted


def page() -> None:
    """Show exports of a plan of the chosen study."""
    opened = page_header.required()
    if opened is None:
        return
    plan = plan_picker.plan(opened, "export plan")
    if plan is None:
        return
    left, right = st.columns([4, 8], gap="large")
    with left:
        recovered = _form(opened, plan)
    with right:
        _report(opened, plan, recovered)
    delivered_front.show(opened, plan)
    measured_speed.show(opened, plan)
    report_downloads.show(opened, plan)


def _form(opened: StudyFolder, plan: Plan) -> bool:
    tuned = (best_folder(opened.folder, plan) / RESULT).is_file()
    with st.container(border=True):
        recovered = st.toggle(
            "With fine-tuned weights", value=tuned, disabled=not tuned, key=f"tuned {plan.digest}",
            help=None if tuned else "This plan is not fine-tuned; see the Recover page.",
        ) and tuned  # fmt: skip
        chosen = [
            kind.name
            for kind in export_formats()
            if st.checkbox(
                f"**{kind.title}** `{kind.file}` — {kind.describe(recovered)}",
                value=kind.usual, key=f"format {kind.name}",
                disabled=kind.unavailable() is not None
                or (kind.graph and opened.manifest.capture_problem is not None),
                help=kind.unavailable(),
            )
        ]  # fmt: skip
        lost = _most_lost(chosen)
        if st.button(
            "Export and verify", type="primary", key="export",
            disabled=not chosen or rights.locked(), icon=":material/deployed_code:",
            help=rights.why(),
        ):  # fmt: skip
            file = plan_summary.draft_file(opened, plan)
            start(opened.folder, Export(file, tuple(chosen), recovered=recovered, most_lost=lost))
            st.rerun()
    st.caption(
        "Every file is loaded again in a fresh process and compared with what is shown here: "
        "outputs, accuracy, bytes, and zeros exactly where promised. Only then it is offered."
    )
    return recovered


def _most_lost(chosen: list[str]) -> float | None:
    """What the user accepts that coarser numbers cost; None where no file has them."""
    if not any(kind.rounding for kind in export_formats() if kind.name in chosen):
        return None
    points = st.number_input(
        "Coarser numbers may cost, points", 0.0, 100.0, 100 * MOST_LOST, 0.1, key="most lost",
        help="Of the validation score, against the pruned model. A file that loses more is not "
        "offered.",
    )  # fmt: skip
    return round(points / 100, 6)


def _report(opened: StudyFolder, plan: Plan, recovered: bool) -> None:
    folder = export_folder(opened.folder, plan.digest, recovered)
    report = read_report(folder)
    if report is None:
        st.info(
            "Nothing is exported of this plan yet. Files appear here once they are verified.",
            icon=":material/download:",
        )
        return
    if recovered:
        tuned = read_result(best_folder(opened.folder, plan))
        if (why := report.outdated(tuned.weights_hash)) is not None:
            st.warning(
                plain.text(f"{why} The earlier files are in {folder}."), icon=":material/history:"
            )
            return
    delivered = delivered_files(report)
    if len(delivered):
        take_away.table(opened, delivered, "Files", plan.name)
        st.table(delivered, hide_index=True)
        st.caption(
            "Each file as it was reloaded; the time is the median of one sample alone, on this "
            "machine as it was. *Speed on this machine* below compares in turns.",
            help=meanings(delivered, {"Model": "What was exported, and in which numbers."}),
        )
    for entry in report.formats:
        _format(folder, report, entry)
    loader = folder / LOADER
    if loader.is_file() and any(entry.ok for entry in report.formats):
        st.download_button(
            f"Download {LOADER}", loader.read_bytes(), LOADER, "text/x-python", on_click="ignore",
            key=f"download {folder.name} loader", icon=":material/code:",
            help="Shows how to load each file.",
        )  # fmt: skip
    versions = ", ".join(f"{name} {value}" for name, value in report.versions.items())
    st.caption(
        f"{units.count(report.removed)} of {units.count(report.parameters)} parameters removed · "
        f"{counted(report.samples, 'validation sample')} through every file · weights "
        f"{plain.code(report.weights_sha256[:16])} · {plain.text(versions)} · "
        f"kept in {plain.text(folder)}"
    )


def _beside(folder: Path, report: ExportReport, entry: FormatCheck) -> None:
    """Offer what came with the file, such as the network in plain torch."""
    names = next((kind.beside for kind in export_formats() if kind.name == entry.format), ())
    for name in names:
        path = folder / name
        if entry.ok and name in report.files and path.is_file():
            st.download_button(
                name, path.read_bytes, name, on_click="ignore", icon=":material/code:",
                key=f"download {folder.name} {entry.format} {name}",
            )  # fmt: skip


def _format(folder: Path, report: ExportReport, entry: FormatCheck) -> None:
    title = format_title(entry.format)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            if entry.ok:
                st.badge("verified", icon=":material/check:", color="green")
            else:
                st.badge("not offered", icon=":material/close:", color="red")
            st.markdown(f"**{title}** {plain.code(entry.file or entry.format)}")
            if entry.ok:
                st.caption(
                    f"{units.bytes_(entry.bytes)}, {units.bytes_(entry.compressed_bytes)} zipped"
                )
            st.space("stretch")
            path = folder / entry.file
            if entry.ok and path.is_file():
                st.download_button(
                    "Download", path.read_bytes, entry.file, on_click="ignore",
                    key=f"download {folder.name} {entry.format}", icon=":material/download:",
                )  # fmt: skip
            _beside(folder, report, entry)
        if entry.reason:
            st.error(plain.text(entry.reason))
        if entry.checks:
            with st.expander(counted(len(entry.checks), "check"), expanded=not entry.ok):
                st.caption(
                    "What the file does in a fresh process.",
                    help=meanings(("Check", "Promised", "Reloaded file")),
                )
                rows = [
                    {
                        "": "✓" if check.ok else "✗",
                        "Check": plain.text(check.name),
                        "Promised": plain.text(check.promised),
                        "Reloaded file": plain.text(check.got),
                    }
                    for check in entry.checks
                ]
                st.table(pd.DataFrame(rows), hide_index=True)
