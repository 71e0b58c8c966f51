"""Datasets of torchvision, from files as it writes them."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from prunescope.errors import BadReference, UnknownName
from tests.analysis.sources.loaded import data, lengths


def write_pictures(folder: Path, part: str, count: int) -> np.ndarray:
    """Write ``count`` pictures and labels as MNIST's files."""
    made = np.random.default_rng(count)
    pixels = made.integers(0, 256, (count, 28, 28), np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}-images-idx3-ubyte").write_bytes(
        struct.pack(">IIII", 0x803, count, 28, 28) + pixels.tobytes()
    )
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 0x801, count) + labels.tobytes()
    )
    return pixels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    raw = tmp_path / "sets" / "MNIST" / "raw"
    write_pictures(raw, "train", 50)
    write_pictures(raw, "t10k", 60)
    return tmp_path / "sets"


def test_training_pictures_calibrate_and_the_others_validate_and_test(root: Path) -> None:
    splits = data(f"torchvision:MNIST?root={root}&channels=1&validation=30&test=20", "sample:mlp")
    assert lengths(splits) == [50, 30, 20]
    assert splits.validation.inputs.shape[1:] == (1, 28, 28)
    assert splits.classes[3].startswith("3")
    held = torch.cat([splits.validation.inputs, splits.test.inputs])
    assert len({row.numpy().tobytes() for row in held}) == 50


def test_a_typed_size_resizes(root: Path) -> None:
    text = f"torchvision:MNIST?root={root}&channels=1&size=14&mean=0.5&std=0.5&validation=9"
    inputs = data(text, "sample:mlp").validation.inputs
    assert inputs.shape == (9, 1, 14, 14)
    assert inputs.min() < 0


def test_what_is_not_there_and_cannot_download_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no network")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", offline)
    with pytest.raises(BadReference, match=r"MNIST to lie in .* or to be downloaded.*\?root=DIR"):
        data(f"torchvision:MNIST?root={tmp_path}", "sample:mlp")


def test_other_datasets_name_the_closest() -> None:
    with pytest.raises(UnknownName, match="Closest: MNIST"):
        data("torchvision:MNST", "sample:mlp")
