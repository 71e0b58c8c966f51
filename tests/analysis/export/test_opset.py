"""The opset of ONNX files is the one that was asked for, and the report says it."""

from pathlib import Path

import onnx
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.store.folder import StudyFolder
from tests.analysis.export.exported import mixed


@pytest.mark.parametrize("opset", [18, 21])
def test_an_opset_is_written_verified_and_stated(
    opset: int, mlp: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ("onnx",), opset=opset)
    entry = report.formats[0]
    assert entry.reason is None
    assert f"opset {opset}" in entry.checks[0].got
    model = onnx.load(str(export_folder(tmp_path, plan.digest) / "model.onnx"))
    assert [each.version for each in model.opset_import if not each.domain] == [opset]


def test_an_opset_that_no_operator_has_is_refused(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    with pytest.raises(BadValue, match="Expected the ONNX opset to be a whole number from 13 to"):
        export_plan(mlp, study, mixed(mlp), ("onnx",), opset=3)
