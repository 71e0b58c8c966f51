"""The sample models are what their cards say, and their splits are disjoint."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from prunescope.sample_models import fashion_mnist
from prunescope.sample_models.cards import card
from prunescope.sample_models.registry import CARDS, WEIGHTS, load, measured
from prunescope.sample_models.samples import NAMES, SAMPLES
from prunescope.sample_models.train_images import accuracy, augment

CLASSIFIERS = [name for name, sample in SAMPLES.items() if sample.data == "fashion-mnist"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_recorded_validation_accuracy_is_that_of_the_shipped_weights(name: str) -> None:
    data = fashion_mnist.split("validation")
    first = fashion_mnist.Images(data.images[:1000], data.labels[:1000])
    found = accuracy(load(name), first)
    recorded = measured(name)["validation"]
    assert abs(found - recorded) < 4 * np.sqrt(recorded * (1 - recorded) / 1000)


@pytest.mark.parametrize("name", NAMES)
def test_card_and_size(name: str) -> None:
    assert (CARDS / f"{name}.md").read_text() == card(name)
    assert (WEIGHTS / f"{name}.safetensors").stat().st_size < 3_000_000


def test_good_models_not_tokens() -> None:
    floor = {"mlp": 0.885, "lenet5": 0.91, "resnet20": 0.925, "mobilenet": 0.92, "vit": 0.89}
    assert all(measured(name)["test"] > least for name, least in floor.items())


def test_splits_are_disjoint_balanced_and_sized() -> None:
    seen: set[bytes] = set()
    for name, size in {"calibration": 8000, "validation": 6000, "test": 10_000}.items():
        images, labels = fashion_mnist.split(name)
        assert images.shape == (size, 28, 28)
        assert np.bincount(labels).tolist() == [size // 10] * 10
        own = {image.tobytes() for image in images}
        # Fashion-MNIST itself repeats a few images; the cut adds no overlap beyond those.
        assert len(seen & own) <= 5
        seen |= own


def test_cut_keeps_validation_out_of_training() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 6000)
    parts = fashion_mnist.cut(labels)
    assert not set(parts["validation"]) & set(parts["train"])
    assert set(parts["calibration"]) <= set(parts["train"])
    assert len(parts["train"]) == 54_000


def test_augmentation_moves_and_mirrors_only() -> None:
    torch.manual_seed(0)
    images = torch.rand(64, 1, 28, 28)
    changed = augment(images, 0)
    mirrored = torch.stack([torch.equal(a, b) | torch.equal(a, b.flip(2)) * torch.ones(1).bool()
                            for a, b in zip(changed, images, strict=True)])  # fmt: skip
    assert bool(mirrored.all())
    assert not torch.equal(changed, images)
    assert augment(images, 2).shape == images.shape


def test_missing_complete_data_names_the_next_step(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="Install Debian's package dataset-fashion-mnist"):
        fashion_mnist.read_complete(tmp_path)


def test_imports_neither_analysis_nor_dashboard() -> None:
    code = (
        "import sys\n"
        "from prunescope.sample_models import average_precision, cards, registry, samples\n"
        "rooms = {m.split('.')[1] for m in sys.modules if m.startswith('prunescope.')}\n"
        "print(sorted(rooms - {'sample_models'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
