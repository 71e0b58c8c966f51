"""The page *Export* offers what was verified, and of fine-tuned weights only the present ones."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.export.export_report import (
    LOADER,
    Check,
    ExportReport,
    FormatCheck,
    export_folder,
    write_report,
)
from prunescope.recovery.training.fine_tuning_report import (
    RESULT,
    EvaluationSums,
    FineTuned,
    FineTuning,
    SideBySide,
    result_folder,
)
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Plan
from tests.dashboard.conftest import both
from tests.dashboard.page import Open

EARLIER, PRESENT = "a" * 64, "b" * 64


@pytest.fixture
def saved(study: StudyFolder) -> Plan:
    plan = both(study.manifest, 0.6)
    study.save_plan(plan)
    return plan


def fine_tuned(study: StudyFolder, plan: Plan, weights_hash: str) -> None:
    sums = EvaluationSums(9, 8.0, 1.0, 1.0, None, None, -1, 0, ())
    sides = SideBySide(1.0, sums, sums, 0.0, 0.0)
    result = FineTuned(
        plan, FineTuning(), (), 1, "finished", sides, None, 3, 9, 1.0, 1, weights_hash
    )  # fmt: skip
    write_document(result_folder(study.folder, plan) / RESULT, result)


def exported(study: StudyFolder, plan: Plan, fine_tuned_hash: str) -> None:
    recovered = bool(fine_tuned_hash)
    folder = export_folder(study.folder, plan.digest, recovered)
    folder.mkdir(parents=True)
    for name in (LOADER, "model.safetensors"):
        (folder / name).write_bytes(b"content")
    check = Check("loads", "a file", "a file", ok=True)
    entry = FormatCheck("safetensors", "model.safetensors", 7, 7, 1.0, (check,))
    write_report(folder, ExportReport(
        plan.digest, plan.name, plan.fingerprint, recovered, "0" * 64, 3, 9, 70, (entry,), {},
        fine_tuned_hash,
    ))  # fmt: skip


def opened(open_page: Open, studies: Path, plan: Plan) -> AppTest:
    at = open_page(studies, "export")
    at.selectbox(key="export plan").set_value(plan.name).run()
    assert not at.exception
    return at


def files(at: AppTest) -> list[Any]:
    """The buttons that offer exported files; those of the report are always there."""
    return [each for each in at.get("download_button") if "report" not in each.proto.id]


def test_a_report_is_one_press_away(
    study: StudyFolder, saved: Plan, studies: Path, open_page: Open
) -> None:
    at = opened(open_page, studies, saved)
    labels = [each.proto.label for each in at.get("download_button")]
    assert labels == ["Download report", "JSON", "CSV", "Model card"]


def test_what_an_earlier_fine_tuning_gave_is_not_offered(
    study: StudyFolder, saved: Plan, studies: Path, open_page: Open
) -> None:
    exported(study, saved, EARLIER)
    fine_tuned(study, saved, EARLIER)
    at = opened(open_page, studies, saved)
    assert len(files(at)) == 2
    assert not at.warning
    fine_tuned(study, saved, PRESENT)
    at = opened(open_page, studies, saved)
    assert not files(at)
    assert "exported from an earlier fine-tuning; export again" in at.warning[0].value
    exported(study, saved, "")
    at.toggle(key=f"tuned {saved.digest}").set_value(False).run()
    assert len(files(at)) == 2
    assert not at.warning


def test_a_recipe_is_told_for_what_it_is(
    study: StudyFolder, saved: Plan, studies: Path, open_page: Open
) -> None:
    at = opened(open_page, studies, saved)
    assert "from the dense model" in at.checkbox(key="format recipe").label
    fine_tuned(study, saved, PRESENT)
    at = opened(open_page, studies, saved)
    assert "replayed with the plain weights" in at.checkbox(key="format recipe").label
