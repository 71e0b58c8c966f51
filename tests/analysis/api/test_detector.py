"""A detector from sweep to verified plan, by mAP: the values are pycocotools' own."""

from pathlib import Path

import pytest
import torch

import prunescope as ps
from prunescope.capture.ragged import gather
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from tests.scenes import coco_ap, scenes, trained_detector


def own_ap(
    model: torch.nn.Module, images: torch.Tensor, entries: list[dict[str, torch.Tensor]]
) -> float:
    with torch.no_grad():
        outputs = model(images)
    scores, labels = outputs["logits"].sigmoid().max(2)
    return coco_ap({"boxes": outputs["boxes"], "scores": scores, "labels": labels}, gather(entries))


def test_measured_and_verified_values_are_the_reference_s(tmp_path: Path) -> None:
    model, validation = trained_detector(), scenes(70, 2)
    data = {"calibration": scenes(40, 1), "validation": validation, "test": scenes(30, 3)}
    study = ps.sweep(
        model, data, folder=tmp_path / "s", metric="map", methods=["magnitude"],
        sparsities=[0.5], progress=Silent(),
    )  # fmt: skip
    manifest = StudyFolder.open(tmp_path / "s").manifest
    assert manifest.metric.over_set
    assert manifest.baseline is not None
    assert manifest.baseline.score == pytest.approx(own_ap(model, *validation), abs=1e-6)

    plan = study.plan({"body.2": 0.5})
    row = study.verify(plan, progress=Silent())
    weight = model.body[2].weight
    whole = weight.detach().clone()
    try:
        with torch.no_grad():
            weight[whole.abs() < whole.abs().flatten().sort().values[weight.numel() // 2]] = 0.0
        wanted = own_ap(model, *validation)
    finally:
        weight.data.copy_(whole)
    assert abs(wanted - manifest.baseline.score) > 1e-4
    assert row.score == pytest.approx(wanted, abs=1e-6)
