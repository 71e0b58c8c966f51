"""mAP equals pycocotools' on a trained detector's answers and on crowded, padded scenes."""

from typing import Any

import pytest
import torch
from torch import Tensor

from prunescope.capture.ragged import Ragged, gather
from prunescope.errors import DataMismatch
from prunescope.metrics.match_boxes import MOST
from prunescope.metrics.registry import metric_definition
from prunescope.metrics.set_metric import SetMetric
from tests.scenes import coco_ap, scenes, trained_detector

AP = metric_definition("map")
assert isinstance(AP, SetMetric)


def crowded(samples: int, places: int, classes: int) -> tuple[dict[str, Tensor], dict[str, Ragged]]:
    """Candidates near true boxes, twice, beside many that hit nothing."""
    generator = torch.Generator().manual_seed(0)

    def boxes(count: int) -> Tensor:
        corners = torch.rand(count, 4, generator=generator) * torch.tensor([50, 50, 20, 20])
        return torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:] + 5], 1)

    true = [boxes(int(torch.randint(0, 6, (), generator=generator))) for _ in range(samples)]
    kinds = [torch.randint(0, classes, (len(own),), generator=generator) for own in true]
    outputs = {
        "boxes": torch.stack([boxes(places) for _ in range(samples)]),
        "scores": torch.rand(samples, places, generator=generator).round(decimals=2) * 0.6,
        "labels": torch.randint(0, classes, (samples, places), generator=generator),
    }
    for row, (own, labels) in enumerate(zip(true, kinds, strict=True)):
        for copy in range(2):
            at = slice(copy * len(own), (copy + 1) * len(own))
            outputs["boxes"][row, at] = own + torch.randn(own.shape, generator=generator)
            outputs["scores"][row, at] = 0.4 + 0.5 * torch.rand(len(own), generator=generator)
            outputs["labels"][row, at] = labels
    return outputs, {"boxes": Ragged.of(true), "labels": Ragged.of(kinds)}


@pytest.mark.parametrize(("places", "classes"), [(14, 4), (2 * MOST + 60, 2)])
@pytest.mark.parametrize("overlap", [None, 50, 75])
def test_it_is_the_reference_s(places: int, classes: int, overlap: int | None) -> None:
    outputs, targets = crowded(30, places, classes)
    metric = metric_definition("map" if overlap is None else f"map-{overlap}")
    wanted = coco_ap(outputs, targets, overlap)
    assert 0.2 < wanted < 0.9
    assert float(metric.values(outputs, targets).mean()) == pytest.approx(wanted, abs=1e-6)


def test_of_a_trained_detector_with_logits() -> None:
    images, entries = scenes(60, 5)
    targets = gather(entries)
    with torch.no_grad():
        outputs = trained_detector()(images)
    scores, labels = outputs["logits"].sigmoid().max(2)
    wanted = coco_ap({"boxes": outputs["boxes"], "scores": scores, "labels": labels}, targets)
    assert wanted > 0.1
    assert float(AP.values(outputs, targets).mean()) == pytest.approx(wanted, abs=1e-6)
    assert float(AP.values((outputs["boxes"], scores, labels), targets).mean()) == pytest.approx(
        wanted, abs=1e-6
    )


def test_pseudo_values_spread_as_leaving_out_one_sample_does() -> None:
    states = AP.states(*crowded(200, 14, 3))
    n, whole = len(states), AP.pseudo_values(states)
    without = torch.stack(
        [AP.pseudo_values(torch.cat([states[:i], states[i + 1 :]])).mean() for i in range(n)]
    )
    jackknife = ((n - 1) / n * (without - without.mean()).square().sum()).sqrt()
    assert float(whole.std() / n**0.5) == pytest.approx(float(jackknife), rel=0.05)


def test_places_without_a_candidate_and_padded_targets_do_not_count() -> None:
    outputs, targets = crowded(20, 14, 3)
    plain = AP.values(outputs, targets).mean()
    wide = {name: torch.cat([own, own], 1) for name, own in outputs.items()}
    wide["scores"][:, 14:18], wide["scores"][:, 18:] = 0.0, torch.nan
    wide["labels"][:, 14:] = -1
    padded = {"boxes": targets["boxes"].padded(0.0), "labels": targets["labels"].padded(-1)}
    assert torch.equal(AP.values(wide, padded).mean(), plain)


@pytest.mark.parametrize(
    ("outputs", "targets", "why"),
    [
        ({"boxes": torch.zeros(2, 3, 4)}, None, "Expected outputs boxes"),
        (torch.zeros(2, 5), None, "but got Tensor"),
        (None, {"boxes": torch.zeros(2, 4)}, "Expected targets boxes"),
        (None, torch.zeros(2), "but got Tensor"),
        (None, {"boxes": Ragged.of([torch.zeros(1, 4), torch.zeros(2, 4)]),
                "labels": Ragged.of([torch.zeros(2).long(), torch.zeros(1).long()])},
         "Expected a label for each true box"),
    ],
)  # fmt: skip
def test_other_outputs_and_targets_are_refused(outputs: Any, targets: Any, why: str) -> None:
    good, true = crowded(2, 8, 2)
    with pytest.raises(DataMismatch, match=why):
        AP.values(good if outputs is None else outputs, true if targets is None else targets)
