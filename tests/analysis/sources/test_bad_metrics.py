"""Metrics and data that cannot be measured with: each is refused in a sentence that says what."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

import prunescope as ps
from prunescope.capture.ragged import gather
from prunescope.errors import BadReference, BadValue, DataMismatch
from prunescope.progress import Silent
from prunescope.sources.live_data import live_splits
from tests.analysis.api.digits import splits, trained
from tests.scenes import scenes

QUICK = {"methods": ["magnitude"], "sparsities": [0.5], "progress": Silent()}


def raises(outputs: Tensor, targets: Tensor) -> Tensor:
    raise ValueError("no such thing")


def nan(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(1) == targets) / torch.zeros(len(targets))


def longer(outputs: Tensor, targets: Tensor) -> Tensor:
    return torch.cat([outputs.argmax(1) == targets] * 2).float()


def averaged(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(1) == targets).float().mean()


def averaged_wide(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(1) == targets).float().mean().expand(len(targets))


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        (raises, r"to score the outputs, but it raised .*no such thing"),
        (nan, "Expected finite outputs and scores from the dense model"),
        (longer, r"one score per sample, .* but got \(\d+,\)"),
        (averaged, r"one score per sample, .* but got \(\)"),
        (averaged_wide, "to score each sample by itself"),
    ],
)
def test_a_metric_that_cannot_be(tmp_path: Path, metric: Callable[..., Tensor], why: str) -> None:
    with pytest.raises((BadReference, BadValue, DataMismatch), match=why):
        ps.sweep(trained(), splits(), folder=tmp_path / "s", metric=metric, **QUICK)
    assert not (tmp_path / "s" / "study.json").exists()


@pytest.mark.parametrize(
    ("metric", "targets", "why"),
    [
        ("top-1", lambda t: t + 7, "Expected labels from 0 to"),
        ("top-1", lambda t: t.float(), "Expected class labels as integers"),
        ("mse", lambda t: t[:, None].float().expand(-1, 3).clone(), "as many targets as outputs"),
        ("map", lambda t: t, "Expected outputs boxes"),
        ("wer", lambda t: t, "Expected sequences"),
    ],
)
def test_targets_that_do_not_fit(
    tmp_path: Path, metric: str, targets: Callable[[Tensor], Tensor], why: str
) -> None:
    data = {name: (inputs, targets(own)) for name, (inputs, own) in splits().items()}
    with pytest.raises(DataMismatch, match=why):
        ps.sweep(trained(), data, folder=tmp_path / "s", metric=metric, **QUICK)


def test_labels_that_one_split_lacks(tmp_path: Path) -> None:
    data = splits()
    data["calibration"] = data["calibration"][0]
    with pytest.raises(DataMismatch, match="Expected labels in every split, but calibration has"):
        ps.sweep(trained(), data, folder=tmp_path / "s", **QUICK)


class Short(Dataset[Any]):
    """Says ten samples, and has fewer."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        if at >= 7:
            raise IndexError(at)
        return torch.zeros(3), 0


class ShortStream(IterableDataset[Any]):
    """Likewise, as a stream."""

    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return iter([(torch.zeros(3), 0)] * 7)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Short(), "Expected the validation split to give its batches"),
        (ShortStream(), "Expected 10 samples .* but it ended after 7"),
        (DataLoader(ShortStream(), 2), "Expected 10 samples .* but it ended after 7"),
    ],
)
def test_a_data_set_that_ends_early(given: Any, why: str) -> None:
    with pytest.raises(DataMismatch, match=why):
        live_splits({"calibration": (torch.zeros(3, 3), torch.zeros(3).long()),
                     "validation": given})  # fmt: skip


def test_ragged_targets_of_other_lengths_than_inputs() -> None:
    images, entries = scenes(6, 1)
    with pytest.raises(DataMismatch, match="as many targets as inputs"):
        live_splits({"calibration": (images, gather(entries[:5])), "validation": images})
