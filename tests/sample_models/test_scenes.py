"""Scenes: masks and boxes agree with the pictures, no article is in two splits, cards are right."""

import numpy as np
import pytest
import torch

from prunescope.metrics.registry import metric_definition
from prunescope.sample_models import scenes
from prunescope.sample_models.registry import arrays, load, measured
from prunescope.sample_models.train_scenes import mirrored


@pytest.fixture(scope="module")
def test_scenes() -> scenes.Scenes:
    """Of the test split."""
    return scenes.split("test")


def test_boxes_hold_their_masks(test_scenes: scenes.Scenes) -> None:
    assert np.bincount(test_scenes.kinds.ravel() + 1).min() > 50  # every kind, and places without
    for masks, boxes, kinds in zip(
        test_scenes.masks, test_scenes.boxes, test_scenes.kinds, strict=True
    ):
        inside = np.zeros((scenes.SIZE, scenes.SIZE), bool)
        for box, kind in zip(boxes, kinds, strict=True):
            if kind < 0:
                assert not box.any()
                continue
            x1, y1, x2, y2 = np.rint(box * scenes.SIZE).astype(int)
            inside[y1:y2, x1:x2] = True
            assert (masks[y1:y2, x1:x2] == kind + 1).any()
        assert not masks[~inside].any()
        assert set(np.unique(masks)) <= {0, *(kinds[kinds >= 0] + 1)}


def test_scenes_are_the_same_each_time(test_scenes: scenes.Scenes) -> None:
    again = scenes.split("test")
    assert np.array_equal(again.pictures, test_scenes.pictures)
    assert np.array_equal(again.boxes, test_scenes.boxes)


def test_mirroring_moves_pictures_masks_and_boxes_alike(test_scenes: scenes.Scenes) -> None:
    torch.manual_seed(0)
    parts = [torch.from_numpy(part[:32]) for part in (
        test_scenes.pictures, test_scenes.masks, test_scenes.boxes, test_scenes.kinds)]  # fmt: skip
    pictures, masks, boxes, kinds = mirrored(*parts)
    flipped = [not torch.equal(a, b) for a, b in zip(pictures, parts[0], strict=True)]
    assert 0 < sum(flipped) < 32
    for row, flip in enumerate(flipped):
        assert torch.equal(masks[row], parts[1][row].flip(1) if flip else parts[1][row])
        for box, kind in zip(boxes[row], kinds[row], strict=True):
            if kind >= 0:
                x1, y1, x2, y2 = (box * scenes.SIZE).round().int().tolist()
                assert (masks[row][y1:y2, x1:x2] == kind + 1).any()


@pytest.mark.parametrize(
    ("name", "data", "metric", "least"),
    [("unet", "scene-masks", "miou", 0.75), ("detector", "scene-boxes", "map", 0.5)],
)
def test_recorded_scores_are_those_of_the_metric(
    name: str, data: str, metric: str, least: float
) -> None:
    inputs, targets = arrays(data, "validation")
    wanted = (
        {key: torch.from_numpy(part) for key, part in targets.items()}
        if isinstance(targets, dict)
        else torch.from_numpy(targets)
    )
    with torch.inference_mode():
        outputs = load(name)(torch.from_numpy(inputs))
    score = float(metric_definition(metric).values(outputs, wanted).mean())
    assert score == pytest.approx(measured(name)["validation"], abs=2e-4)
    assert measured(name)["test"] > least
