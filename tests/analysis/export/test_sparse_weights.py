"""Sparse weights: smaller, and the same bits by us, by load.py and model.py; or refused."""

import subprocess
from pathlib import Path

import torch
from safetensors.torch import load_file

from prunescope.bench.workbench import Workbench
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.sources.weights import load_weights
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import load, model, torch
one, other = model.load(load.load_sparse()), model.load()
assert all(torch.equal(a, other.state_dict()[n]) for n, a in one.state_dict().items())
sys.exit(any(name.partition(".")[0] == "prunescope" for name in sys.modules))
"""


def test_they_are_smaller_and_the_same_bits_everywhere(
    mlp: Workbench, warm_python: Path, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    choices = {layer.name: Choice("magnitude", 0.95) for layer in mlp.network.prunable()}
    plan = Plan("sparse", mlp.manifest.fingerprint, choices)
    report = export_plan(mlp, study, plan, ("safetensors", "sparse-safetensors"))
    folder = export_folder(tmp_path, plan.digest)
    plain, sparse = report.formats
    assert sparse.reason is None
    assert sparse.bytes < 0.1 * plain.bytes
    checks = {check.name: check for check in sparse.checks}
    assert {"weights", "zeros", "bytes", "outputs", "accuracy"} <= checks.keys()
    dense = load_file(folder / "model.safetensors")
    again = load_weights(folder / "model.sparse.safetensors")
    assert again.keys() == dense.keys()
    assert all(torch.equal(again[name], dense[name]) for name in dense)
    alone = [warm_python, "-I", "-c", _ALONE, folder]
    assert subprocess.run(alone, check=False).returncode == 0


def test_weights_with_few_zeros_are_refused_with_the_bytes(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    first = mlp.network.prunable()[-1].name
    plan = Plan("few", mlp.manifest.fingerprint, {first: Choice("magnitude", 0.1)})
    report = export_plan(mlp, study, plan, ("sparse-safetensors",))
    assert "Expected zeros that save a tenth of the" in (report.formats[0].refused or "")
