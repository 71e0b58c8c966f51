"""A runtime is one file, and shows up in races, tables and the command line by itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import UnknownName
from prunescope.latency.latency_report import read_latency
from prunescope.latency.measure import time_models
from prunescope.latency.runtimes.registry import (
    REGISTRY,
    runtime,
    runtime_titles,
    runtimes,
    runtimes_named,
    usual_runtimes,
)
from prunescope.latency.runtimes.runtime import Call, Runtime, Workload
from prunescope.latency.table.build import time_table
from prunescope.latency.table.choose_models import staircase_counts
from prunescope.latency.table.predict_time import tables
from prunescope.latency.table.rows import stored_rows, units_of
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan
from tests import toys
from tests.analysis.cli.command import Command

NAMES = [
    "torch", "onnx", "onnx-int8", "openvino", "cuda", "cuda-graph", "cuda-compile", "onnx-cuda",
]  # fmt: skip


@pytest.fixture
def prunescope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    toys.install(tmp_path, monkeypatch)
    return runtime("double")


def test_what_comes_with_the_project_is_listed_in_order() -> None:
    titles = (
        "PyTorch", "ONNX Runtime", "ONNX Runtime int8", "OpenVINO", "PyTorch CUDA",
        "PyTorch CUDA graph", "PyTorch CUDA compiled", "ONNX Runtime CUDA",
    )  # fmt: skip
    assert runtime_titles() == titles  # stored in tables: they never change
    assert [each.name for each in runtimes()] == NAMES
    assert runtimes_named("") == usual_runtimes() == runtimes()[:2]
    assert runtimes_named("onnx, torch,onnx") == (runtime("onnx"), runtime("torch"))
    with pytest.raises(UnknownName, match=r"Expected runtime to be one .* Closest: onnx"):
        runtime("onx")


def test_descriptions_are_read_without_torch() -> None:
    code = (
        "import sys; from prunescope.latency.runtimes.registry import runtimes;"
        "assert len(runtimes()) == 8; assert runtimes()[1].unavailable() is None;"
        "sys.exit('torch' in sys.modules or 'onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_installed_runtime_computes(toy: Runtime, tiny_bench: Workbench) -> None:
    assert [each.name for each in runtimes()] == [*NAMES, "double"]
    module, inputs = tiny_bench.network.module, tiny_bench.splits.validation.chunk(0, 3).inputs
    outputs = {
        each.name: each.compiler(Workload(module, inputs, 1)).compile(module)()
        for each in runtimes()
        if each.unavailable() is None
    }
    made = outputs["double"]
    assert isinstance(made, torch.Tensor)
    assert made.dtype == torch.float64
    for wanted in (outputs["torch"], outputs["onnx"][0]):  # type: ignore[index]
        assert torch.allclose(made, torch.as_tensor(wanted).double(), atol=1e-4)


def test_the_command_times_plans_and_tables_in_it(
    toy: Runtime, prunescope: Command, tiny: Reference, tmp_path: Path
) -> None:
    manifest = prepare(tiny).manifest
    study = StudyFolder.create(tmp_path / "s", manifest)
    (found,) = prunescope(
        "time", study.folder, "--budget", "0.2", "--runtime", "double", "--json"
    ).json
    assert found["setting"]["runtime"] == "PyTorch double"
    assert found["setting"]["device"] == "cpu"
    assert found["models"] > 1
    steps = {name: units[name] for text in stored_rows(study.folder).read()["units"]
             if len(units := units_of(text)) == 1 for name in units}  # fmt: skip
    for name, count in steps.items():
        units = manifest.group(name).units
        assert units - count in staircase_counts(units, toy.widths)

    study.save_plan(Plan("half", manifest.fingerprint, {"conv": Choice("l1", 0.5, "channel")}))
    shown = prunescope("time", study.folder, "half", "--budget", "0.2", "--runtime", "double,torch")
    assert "PyTorch double" in shown.out
    assert "ONNX" not in shown.out
    report = read_latency(study.folder, study.plan("half").digest)
    assert report is not None
    assert [each.runtime for each in report.runtimes] == ["PyTorch double", "PyTorch"]
    known = tables(study.folder, manifest)
    assert [table.setting.runtime for table in known] == ["PyTorch", "PyTorch double"]
    assert "Closest: double" in prunescope.refused("time", study.folder, "--runtime", "doubl")


def test_its_tables_outlive_it(tiny_bench: Workbench, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        toys.install(tmp_path, patch)
        time_table(tiny_bench, stored_rows(tmp_path), budget_seconds=0.2)
    assert "PyTorch double" not in runtime_titles()
    known = [table.setting.runtime for table in tables(tmp_path, tiny_bench.manifest)]
    assert known == ["PyTorch", "ONNX Runtime", "PyTorch double"]


def test_help_lists_it(toy: Runtime) -> None:
    command = [sys.executable, "-m", "prunescope.cli", "time", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = " ".join(said.replace("│", " ").split())
    assert "Comma-separated: torch, onnx, double by default; " in text
    assert "onnx-int8, openvino, cuda, cuda-graph, cuda-compile, onnx-cuda if named." in text
    assert "In PyTorch, in ONNX Runtime and in PyTorch double, on this machine." in text


def test_int8_computes_nearly_the_same_and_is_timed_when_asked_for(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    module = tiny_bench.network.module
    inputs = tiny_bench.splits.validation.chunk(0, 8).inputs
    kind = runtime("onnx-int8")
    (rounded,) = kind.compiler(Workload(module, inputs, 1)).compile(module)()  # type: ignore[misc]
    with torch.inference_mode():
        wanted = module(inputs)
    off = (torch.as_tensor(rounded) - wanted).abs().max() / wanted.abs().max()
    assert 0 < off < 0.1
    built = time_table(tiny_bench, stored_rows(tmp_path), budget_seconds=0.2, chosen=(kind,))
    assert built.problems == ()
    assert built.rows["ONNX Runtime int8"] > 0


class Absent(Runtime):
    """A runtime whose library this machine lacks."""

    name = "absent"
    title = "Absent"

    def version(self) -> str:
        raise AssertionError("nobody asks for the version of what is not there")

    def unavailable(self) -> str | None:
        return "Expected the package absent, but it is missing. pip install absent."

    def compile(self, module: nn.Module, workload: Workload) -> Call:
        raise AssertionError("nobody compiles with what is not there")


def test_what_this_machine_lacks_says_so(tiny_bench: Workbench, tmp_path: Path) -> None:
    REGISTRY.register(Absent())
    try:
        model = nn.Linear(8, 8)
        *_, found = time_models(model, model, torch.zeros(2, 8), 1, 0.1, Silent())
        built = time_table(tiny_bench, stored_rows(tmp_path), chosen=(runtime("absent"),))
    finally:
        REGISTRY.unregister("absent")
    assert (found.runtime, found.version, found.pairs) == ("Absent", "", 0)
    assert found.problem is not None
    assert "pip install absent" in found.problem
    assert built.rows == {}
    (problem,) = built.problems
    assert problem.startswith("Absent: not timed. Expected the package absent")
