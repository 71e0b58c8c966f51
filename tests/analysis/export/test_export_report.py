"""Reports are read without torch, and say why a file is not offered."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.errors import DamagedFile
from prunescope.export.export_report import (
    Check,
    ExportReport,
    FormatCheck,
    export_folder,
    read_report,
    write_report,
)
from prunescope.export.formats.registry import export_formats
from prunescope.export.install import REPORT

KEPT = Check("zeros", "3 zeros", "3 zeros", ok=True)
BROKEN = Check("outputs", "the same", "others", ok=False)


def report(*formats: FormatCheck) -> ExportReport:
    return ExportReport("d" * 16, "mine", "f" * 16, False, "0" * 64, 3, 9, 70, formats, {})


def test_only_a_file_that_keeps_every_promise_is_ok() -> None:
    good = FormatCheck("onnx", "model.onnx", 10, 5, 1.0, (KEPT,))
    bad = FormatCheck("pt2", "model.pt2.failed", 10, 5, 1.0, (KEPT, BROKEN))
    refused = FormatCheck("pt2", "", 0, 0, 0.0, refused="There is no graph.")
    assert good.ok
    assert good.reason is None
    assert bad.reason == "outputs: promised the same, but got others."
    assert refused.reason == "There is no graph."
    assert not FormatCheck("pt2", "model.pt2", 10, 5, 1.0).ok
    assert report(good).ok
    assert not report(good, bad).ok
    assert not report().ok
    assert report(good, bad).format("pt2") == bad
    assert report(good).format("pt2") is None


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    folder = export_folder(tmp_path, "d" * 16, recovered=True)
    assert read_report(folder) is None
    written = report(FormatCheck("onnx", "model.onnx", 10, 5, 1.0, (KEPT,)))
    write_report(folder, written)
    assert read_report(folder) == written
    (folder / REPORT).write_text("{")
    with pytest.raises(DamagedFile):
        read_report(folder)


def test_an_export_knows_the_fine_tuning_that_it_is_from(tmp_path: Path) -> None:
    made = replace(report(), fine_tuned_hash="a" * 64)
    assert made.outdated("a" * 64) is None
    assert made.outdated("b" * 64) == (
        "The plan was exported from an earlier fine-tuning; export again."
    )
    write_report(tmp_path, made)
    known = json.loads((tmp_path / REPORT).read_text())
    del known["fine_tuned_hash"]  # as it was written before
    (tmp_path / REPORT).write_text(json.dumps(known))
    older = read_report(tmp_path)
    assert older is not None
    assert "does not say which" in str(older.outdated("a" * 64))


def test_a_recipe_with_fine_tuned_weights_promises_less() -> None:
    kinds = {kind.name: kind for kind in export_formats()}
    assert "from the dense model" in kinds["recipe"].describe(recovered=False)
    assert "from the dense model" not in kinds["recipe"].describe(recovered=True)
    assert kinds["onnx"].describe(recovered=True) == kinds["onnx"].purpose


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("prunescope.export.export_report", False),
        ("prunescope.export.install", False),
        ("prunescope.export.recipe", False),
        ("prunescope.export.formats.registry", False),
        ("prunescope.export.loader_script", False),
        ("prunescope.latency.runtimes.registry", False),
        ("prunescope.export.reload_worker", False),
        ("prunescope.latency.latency_report", False),
        ("prunescope.export.tensors", True),  # the check can fail
    ],
)
def test_reading_needs_no_torch(module: str, heavy: bool) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == heavy
