"""A pruned network as source in plain torch: the same bits without Prunescope, or not written."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import fx, nn
from torch.nn import functional

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured, capture
from prunescope.errors import CannotCapture
from prunescope.export.applied_plan import planned, selection_of
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import ExportReport, export_folder
from prunescope.export.plain_torch.check import plainly_laid_out
from prunescope.export.plain_torch.literals import literal, name
from prunescope.export.plain_torch.source import source
from prunescope.export.tensors import saved_tensors
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.exported import mixed, opened
from tests.long import core
from tests.samples import PICTURES


def halved(bench: Workbench) -> Plan:
    """Half of the units of every group that can lose some."""
    choices = {
        group.name: Choice("l1", 0.5, group.granularity)
        for group in bench.manifest.groups
        if group.reason is None
    }
    return Plan("halved", bench.manifest.fingerprint, choices)


def said(report: ExportReport) -> str:
    plain = report.format("safetensors")
    assert plain is not None
    assert plain.ok
    return next(check.got for check in plain.checks if check.name == "model.py")


@pytest.mark.parametrize("model", core(PICTURES, {*PICTURES} - {"mobilenet"}))
def test_every_sample_model_is_the_same_bits(
    model: str, sample_bench: Callable[[str], Workbench], tmp_path: Path
) -> None:
    bench = sample_bench(model)
    plan = halved(bench)
    assert bench.network.captured is not None
    with planned(bench, plan, selection_of(bench, plan)) as module:
        assert isinstance(module, fx.GraphModule)
        text = source(Captured(module, bench.network.captured.example), model)
        made = loaded(text, module, tmp_path)
        for samples in (64, 1):
            inputs = bench.splits.validation.chunk(0, samples).inputs
            with torch.inference_mode():
                assert torch.equal(made(inputs), plainly_laid_out(module)(inputs))
    layers = {type(each).__name__ for each in made.modules()}
    assert layers & {"Conv2d", "Linear"}
    assert not re.search(r"F\.(conv2d|linear|batch_norm|layer_norm)\(", text)
    assert "prunescope" not in text


def test_it_comes_and_goes_with_the_weights(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    plan = mixed(bench)
    folder = tmp_path / "out"
    export_plan(bench, study, plan, ("safetensors",), folder)
    assert (folder / "model.py").is_file()
    report = export_plan(bench, study, plan, ("pt2",), folder)
    assert (folder / "model.py").is_file()  # the same weights: it stays
    assert "model.py" in report.files
    export_plan(bench, study, mixed(bench, "bn"), ("pt2",), folder)
    assert not (folder / "model.py").exists()


@pytest.mark.parametrize(("network", "data"), [("tokens", "words"), ("twofold", "pairs")])
def test_names_nestings_and_tied_weights(network: str, data: str, tmp_path: Path) -> None:
    bench, study = opened(tmp_path, network, data)
    report = export_plan(bench, study, mixed(bench), ("safetensors",))
    assert said(report).startswith("the same bits on ")
    folder = export_folder(study.folder, mixed(bench).digest)
    text = (folder / "model.py").read_text()
    if network == "tokens":
        assert "self.out.weight = self.embed.weight" in text
        assert "def forward(self, ids, mask):" in text
        assert 'return {"hidden": ' in text


@pytest.mark.parametrize(
    ("network", "data", "why"),
    [("placed", "vectors", "it reads constants"), ("fickle", "vectors", "has no graph")],
)
def test_what_cannot_be_written_says_why_and_the_weights_are_offered(
    network: str, data: str, why: str, tmp_path: Path
) -> None:
    bench, study = opened(tmp_path, network, data)
    report = export_plan(bench, study, mixed(bench), ("safetensors",))
    assert why in said(report)
    assert not (export_folder(study.folder, mixed(bench).digest) / "model.py").exists()


class Odd(nn.Module):
    """Shared layers, gaps in numbers, a parameter of its own, slices, and padding."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh())
        self.scale = nn.Parameter(torch.rand(6))
        self.register_buffer("shift", torch.rand(6))
        self.norm = nn.LayerNorm(6)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        y = self.body(x) * self.scale + self.shift
        y = self.norm(self.body[0](y)) - 2 * x
        left, right = y[:, 1:4], y[:, ::2]
        padded = functional.pad(left, (1, 1)) / 2
        return torch.cat([padded, right], 1).softmax(-1), {"mean": y.mean(1, keepdim=True) ** 2}


def loaded(text: str, module: nn.Module, folder: Path) -> nn.Module:
    """The network that the source ``text`` makes, with the weights of ``module``."""
    save_file(saved_tensors(module), folder / "model.safetensors")
    space: dict[str, object] = {"__file__": str(folder / "model.py"), "__name__": "model"}
    exec(compile(text, "model.py", "exec"), space)
    made = space["load"]
    assert callable(made)
    network = made()
    assert isinstance(network, nn.Module)
    return network


def written(model: nn.Module, example: torch.Tensor, folder: Path) -> tuple[nn.Module, Captured]:
    captured = capture(model, example)
    return loaded(source(captured, "odd"), captured.module, folder), captured


def test_odd_networks(tmp_path: Path) -> None:
    x = torch.rand(5, 6)
    made, captured = written(Odd(), x, tmp_path)
    with torch.inference_mode():
        got, wanted = made(x), captured.module(x)
    assert torch.equal(got[0], wanted[0])
    assert torch.equal(got[1]["mean"], wanted[1]["mean"])
    assert isinstance(made.body[0], nn.Linear)  # type: ignore[index, union-attr]
    numbered, captured = written(nn.Sequential(nn.Linear(6, 3), nn.GELU(), nn.Linear(3, 2)), x,
                                 tmp_path)  # fmt: skip
    with torch.inference_mode():
        assert torch.equal(numbered(x), captured.module(x))


def test_an_unknown_operator_is_named() -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(6, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.matrix_exp(self.head(x)[:, :, None] * self.head.weight)

    captured = capture(Turned(), torch.rand(3, 6))
    with pytest.raises(CannotCapture, match="linalg_matrix_exp.* is not an operator that is known"):
        source(captured, "turned")


@pytest.mark.parametrize("text", ["a b", "x;import os", "", "__class__", "for", "a\nb", "é"])
def test_names_that_are_none_are_never_written(text: str) -> None:
    with pytest.raises(CannotCapture, match="is no name in Python"):
        name(text)


def test_values_of_unknown_kinds_are_never_written() -> None:
    for value in ("os.system('x')", object(), {"a": 1}, torch.float8_e5m2):
        with pytest.raises(CannotCapture, match="it holds a value of the kind"):
            literal(value)
