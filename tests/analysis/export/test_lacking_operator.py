"""An operator that a format lacks: it is named, and the other formats are delivered."""

from pathlib import Path

from prunescope.bench.workbench import prepare
from prunescope.export.export_plan import export_plan
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan

SOURCE = '''
import torch
from torch import nn


class Spectral(nn.Module):
    """ONNX has no matrix exponential."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(4, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.mix(x)
        turned = torch.linalg.matrix_exp(0.01 * x[:, :, None] * x[:, None, :])
        return self.head((turned @ x[:, :, None])[:, :, 0])


def spectral():
    torch.manual_seed(0)
    return Spectral()


def vectors():
    drawn = torch.Generator().manual_seed(0)
    make = lambda: (torch.randn(40, 4, generator=drawn), torch.arange(40) % 3)
    return {"calibration": make(), "validation": make(), "test": make()}
'''


def test_it_is_named_and_the_others_are_delivered(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    reference = Reference(f"{path}:spectral", f"{path}:vectors")
    vouch(reference)
    bench = prepare(reference)
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    plan = Plan("half", bench.manifest.fingerprint, {"head": Choice("magnitude", 0.5)})
    report = export_plan(bench, study, plan, ("safetensors", "onnx", "onnx-int8"))
    plain, onnx, coarse = report.formats
    assert (plain.ok, onnx.ok, coarse.ok) == (True, False, False)
    for entry in (onnx, coarse):
        assert "linalg_matrix_exp" in (entry.reason or ""), entry.reason
        assert not entry.file
    assert (study.folder / "exports" / plan.digest / "model.safetensors").is_file()
