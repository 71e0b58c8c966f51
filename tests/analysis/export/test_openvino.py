"""OpenVINO IR: verified like ONNX, as a format and as a runtime; else refused in a sentence."""

import importlib.util
from pathlib import Path

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.latency.measure import time_models
from prunescope.latency.runtimes.registry import runtime
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.exported import assert_kept, mixed, opened

with_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None,
    reason="openvino is not installed: pip install 'prunescope[openvino]'",
)


@with_openvino
def test_it_equals_the_model_in_outputs_score_and_bytes(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ("onnx", "openvino"))
    folder = export_folder(tmp_path, plan.digest)
    onnx, entry = report.formats
    assert entry.reason is None
    checks = {check.name: check for check in entry.checks}
    assert {"outputs", "accuracy", "zeros", "bytes", "latency"} <= checks.keys()
    assert checks["loads"].got.startswith("loaded by openvino 20")
    assert entry.score == onnx.score
    files = [folder / name for name in ("model.xml", "model.bin")]
    assert entry.bytes == sum(file.stat().st_size for file in files)
    assert {"model.xml", "model.bin"} <= report.files.keys()
    assert "def load_openvino" in (folder / "load.py").read_text()


@with_openvino
@pytest.mark.parametrize(
    ("network", "data", "prune"),
    [
        ("normed", "images", True), ("twofold", "pairs", False),
        pytest.param("tokens", "words", False, marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_removed_channels_and_nested_inputs(
    network: str, data: str, prune: bool, tmp_path: Path
) -> None:
    bench, study = opened(tmp_path, network, data)
    halves = {group.name: Choice("l1", 0.5, "channel") for group in bench.groups}
    plan = Plan("half", bench.manifest.fingerprint, halves) if prune else mixed(bench)
    report = export_plan(bench, study, plan, ("openvino",))
    assert_kept(report, ("openvino",), export_folder(study.folder, plan.digest))


@with_openvino
def test_sizes_that_are_free_in_the_model_are_free_in_the_file(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "any_length", "sentences")
    report = export_plan(bench, study, mixed(bench), ("openvino",))
    checks = {check.name: check for check in report.formats[0].checks}
    assert report.formats[0].reason is None
    assert "sizes" in checks
    assert "?×?" in checks["loads"].got


@with_openvino
def test_a_runtime_times_dense_and_pruned(mlp: Workbench) -> None:
    inputs, kind = mlp.splits.validation.chunk(0, 4).inputs, runtime("openvino")
    module = mlp.network.module
    (timed,) = time_models(module, module, inputs, 1, 0.3, Silent(), chosen=(kind,))
    assert timed.runtime == "OpenVINO"
    assert timed.problem is None
    assert timed.pruned.median > 0


def test_without_the_package_it_is_refused_in_a_sentence_and_the_rest_is_delivered(
    mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "openvino" else look(name, *a)
    )
    study = StudyFolder.create(tmp_path, mlp.manifest)
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ("safetensors", "openvino"))
    plain, refused = report.formats
    assert plain.ok
    assert refused.refused == (
        "Expected the package openvino, but it is missing. pip install 'prunescope[openvino]'."
    )
    assert runtime("openvino").unavailable() == refused.refused
