"""Plan shows the files of all saved plans on one front, or how they come about."""

from pathlib import Path

import pytest

from prunescope.export.export_report import (
    Check,
    ExportReport,
    FormatCheck,
    export_folder,
    write_report,
)
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from tests.dashboard.conftest import both
from tests.dashboard.page import Open, texts


@pytest.fixture
def saved(study: StudyFolder) -> Plan:
    plan = both(study.manifest, 0.6)
    study.save_plan(plan)
    return plan


def exported(study: StudyFolder, plan: Plan, *formats: str) -> None:
    """Write down an export's report, as the command does."""
    entries = tuple(
        FormatCheck(
            name, f"{name}.onnx", size, size, 1.0,
            (Check("accuracy", "88 %", "88 %", ok=True, value=0.88, shown="88 %"),),
        )
        for name, size in zip(formats, (4000, 1000), strict=False)
    )  # fmt: skip
    folder = export_folder(study.folder, plan.digest, False)
    folder.mkdir(parents=True, exist_ok=True)
    report = ExportReport(
        plan.digest, plan.name, plan.fingerprint, False, "0" * 64, 3, 9, 70, entries, {}, ""
    )
    write_report(folder, report)


def test_without_coarser_files_the_next_step_is_said(
    study: StudyFolder, studies: Path, saved: Plan, open_page: Open
) -> None:
    exported(study, saved, "onnx")
    at = open_page(studies, "plan")
    assert not at.exception
    assert f"export {study.folder} {saved.name} --formats onnx,onnx-int8" in texts(at)
    assert "Files" not in [header.value for header in at.subheader]


def test_files_are_drawn_once_they_are_there(
    study: StudyFolder, studies: Path, saved: Plan, open_page: Open
) -> None:
    exported(study, saved, "onnx", "onnx-int8")
    at = open_page(studies, "plan")
    assert not at.exception
    assert "Files" in [header.value for header in at.subheader]
    assert "onnx,onnx-int8" not in texts(at)
