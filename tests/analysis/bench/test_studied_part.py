"""A model that chooses by value is studied up to there; the rest stays as it is."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import prunescope as ps
from prunescope.bench.inspection import inspect_network
from prunescope.bench.studied_part import network_or_part, part_splits
from prunescope.bench.workbench import prepare
from prunescope.capture.largest_part import part_inputs
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.study.cut import Cut
from prunescope.text.cut import cut_sentence
from tests.analysis.cli.command import Command
from tests.cut_models import SmallDetector, detector, pictures

HERE = "tests/cut_models.py"
CUT = Cut("backbone", "", 0, 0)


def test_the_largest_part_that_captures_stands_in_and_is_named() -> None:
    network, cut = network_or_part(detector(), torch.randn(2, 3, 8, 8))
    assert network.captured is not None
    assert cut is not None
    assert (cut.part, cut.parameters, cut.of_parameters) == ("backbone", 662, 683)
    assert "cut_models.py:2" in cut.stopped
    assert cut_sentence(cut).startswith("Only backbone is studied")


def test_a_part_sees_what_the_model_gives_it() -> None:
    images = pictures()
    recorded = part_splits(detector(), CUT, images)
    assert torch.equal(recorded.validation.inputs, 2 * images.validation.inputs)  # type: ignore[arg-type, operator]
    assert recorded.validation.targets is None


def test_the_model_is_as_before_once_inputs_are_recorded() -> None:
    model, images = detector(), torch.randn(2, 3, 8, 8)
    before = model(images)
    part_inputs(model, "backbone", images)
    assert torch.equal(model(images), before)
    assert "forward" not in vars(model.get_submodule("backbone"))


class Twice(SmallDetector):
    """Calls its backbone twice: no batch of inputs stands for both calls."""

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.tail(self.backbone(images) + self.backbone(-images))
        return answers


class Rows(SmallDetector):
    """Its largest part takes as many rows as values say."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = nn.Linear(3, 4000)

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.rest(images[images > 0.5][:, None].expand(-1, 3))
        return answers


@pytest.mark.parametrize("kind", [Twice, Rows])
def test_a_part_that_cannot_stand_alone_is_refused(kind: type[nn.Module]) -> None:
    network, cut = network_or_part(kind().eval(), torch.randn(2, 3, 8, 8))
    assert cut is None
    assert network.captured is None
    assert ("py:65 values say how many" in str(network.problem)) == (kind is Rows)


def test_inspection_and_its_page_say_the_cut() -> None:
    found = inspect_network(Reference("detector", ""), detector(), torch.randn(2, 3, 8, 8))
    assert found.problem is None
    assert found.cut is not None
    assert [group.name for group in found.groups if group.reason is None] == ["0"]
    assert "Only backbone is studied" in found._repr_html_()


def test_scores_are_the_whole_model_s_where_there_are_targets() -> None:
    reference = Reference(f"{HERE}:detector", f"{HERE}:labelled", "mse")
    bench = prepare(reference)
    model, samples = detector(), bench.splits.validation
    assert bench.manifest.reference.cut is not None
    assert bench.manifest.reference.cut.scores_whole
    assert bench.dense.score.abs().max() < 1e-10  # the targets are the model's own answers
    with torch.no_grad():
        bench.network.module.get_parameter("0.weight")[:3] = 0
        model.get_parameter("backbone.0.weight")[:3] = 0
        answers = bench.metric.score(bench.network(samples.inputs), samples.targets)
        wanted = (model(samples.targets["inputs"]) - samples.targets["targets"]).square().mean(1)
    assert wanted.max() > 1e-4
    assert torch.allclose(-answers, wanted, rtol=1e-4, atol=1e-7)


def test_without_targets_scores_say_what_is_left_of_the_part_s_outputs() -> None:
    bench = prepare(Reference(f"{HERE}:detector", f"{HERE}:pictures"))
    samples = bench.splits.validation
    assert bench.manifest.reference.metric == "fidelity"
    assert bench.dense.score.min() == 1
    dense = bench.network(samples.inputs)
    calibration = bench.network(bench.splits.calibration.inputs)
    variance = (calibration - calibration.mean(0)).square().mean()
    changed = dense + 0.1
    scores = bench.metric.score(changed, samples.targets)
    assert torch.allclose(scores, 1 - 0.01 / variance, atol=1e-4)


def test_a_study_of_a_part_goes_on_alone_and_its_export_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, made = tmp_path / "s", tmp_path / "out"
    command = Command(monkeypatch, capsys)
    swept = command(
        "sweep", f"{HERE}:detector", "--data", f"{HERE}:pictures", "--study", folder,
        "--methods", "l1@channel", "--sparsities", "0.5",
    )  # fmt: skip
    assert swept.err.startswith("Only backbone is studied")
    assert command("show", folder).err.startswith("Only backbone is studied")
    reference = StudyFolder.open(folder).manifest.reference
    assert reference.cut is not None
    assert reference.own_data is not None
    study = ps.open(folder)
    plan = study.solve(macs=0.7).plan
    assert study.verify(plan).samples == 24
    study.export(plan, made, ["safetensors", "pt2"])
    assert "load_pruned(model, FOLDER)" in (made / "load.py").read_text()
    images = torch.randn(2, 3, 8, 8)
    smaller = ps.load_pruned(detector(), made)
    program = torch.export.load(made / "model.pt2").module()
    other = detector()
    other.backbone = program
    assert smaller.get_parameter("backbone.0.weight").shape[0] < 8
    assert torch.allclose(smaller(images), other(images), atol=1e-5)
    assert torch.equal(
        smaller.get_parameter("tail.last.weight"), detector().get_parameter("tail.last.weight")
    )


@pytest.mark.long
def test_torchvision_s_detector_is_studied_up_to_its_boxes() -> None:
    models = pytest.importorskip("torchvision.models.detection")
    model = models.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=3, score_thresh=0.9
    ).eval()
    network, cut = network_or_part(model, torch.rand(2, 3, 64, 64))
    assert cut is not None
    assert cut.part == "backbone"
    assert "torchvision/" in cut.stopped
    assert network.captured is not None
