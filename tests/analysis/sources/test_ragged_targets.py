"""Targets with their own number of rows for each sample, through every door of data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from prunescope.capture.ragged import Ragged, gather
from prunescope.errors import DataMismatch
from prunescope.sources.data import data_hash
from prunescope.sources.kept_splits import read_splits, write_splits
from prunescope.sources.live_data import live_splits
from tests.analysis.sources.loaded import data
from tests.scenes import scenes

IMAGES, ENTRIES = scenes(12, 3)
TARGETS = gather(ENTRIES)
PARTS = {"calibration": slice(0, 4), "validation": slice(4, 8), "test": slice(8, 12)}


def assert_equal(found: Any, rows: slice) -> None:
    assert set(found) == {"boxes", "labels"}
    for name, own in found.items():
        assert isinstance(own, Ragged)
        for given, wanted in zip(own, TARGETS[name][rows], strict=True):
            assert torch.equal(given, wanted)
            assert given.dtype == wanted.dtype


class Scenes(Dataset[Any]):
    def __init__(self, rows: slice) -> None:
        self.images, self.entries = IMAGES[rows], ENTRIES[rows]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.images[at], self.entries[at]


def as_detectors_collate(batch: list[Any]) -> Any:
    return tuple(zip(*batch, strict=True))


@pytest.mark.parametrize(
    "door",
    [
        lambda rows: (IMAGES[rows], ENTRIES[rows]),
        lambda rows: (list(IMAGES[rows]), ENTRIES[rows]),
        lambda rows: (IMAGES[rows], {name: own[rows] for name, own in TARGETS.items()}),
        lambda rows: (IMAGES[rows], {n: [entry[n] for entry in ENTRIES[rows]]
                                     for n in ("boxes", "labels")}),
        Scenes,
        lambda rows: DataLoader(Scenes(rows), 3, collate_fn=as_detectors_collate),
    ],
    ids=["list of dicts", "list of pictures", "ragged", "dict of lists", "dataset", "loader"],
)  # fmt: skip
def test_from_live_objects(door: Any) -> None:
    splits = live_splits({name: door(rows) for name, rows in PARTS.items()})
    for name, rows in PARTS.items():
        assert torch.equal(splits.named(name).inputs, IMAGES[rows])
        assert_equal(splits.named(name).targets, rows)


def arrays() -> dict[str, np.ndarray]:
    made = {}
    for name, rows in PARTS.items():
        made[f"{name}_inputs"] = IMAGES[rows].numpy()
        for key, own in TARGETS.items():
            made[f"{name}_targets_{key}"] = own[rows].values.numpy()
            made[f"{name}_targets_{key}_lengths"] = own[rows].lengths.numpy()
    return made


def test_from_an_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **arrays())
    splits = data(tmp_path / "d.npz")
    assert_equal(splits.validation.targets, PARTS["validation"])


def test_lengths_that_do_not_add_up_name_their_array(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "d.npz", **arrays() | {"test_targets_boxes_lengths": np.array([1, 1, 1, 1])}
    )
    with pytest.raises(DataMismatch, match="In test_targets_boxes_lengths: .*add up to"):
        data(tmp_path / "d.npz")


def test_fewer_samples_than_inputs_are_refused() -> None:
    broken = {name: (IMAGES[rows], {k: own[rows] for k, own in TARGETS.items()})
              for name, rows in PARTS.items()}  # fmt: skip
    broken["test"] = (IMAGES[8:12], {"boxes": TARGETS["boxes"][8:11]})
    with pytest.raises(DataMismatch, match="as many targets as inputs"):
        live_splits(broken)


def test_from_a_function_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import torch\n"
        "def make():\n"
        "    def part(n):\n"
        "        rows = [torch.ones(i % 3, 4) for i in range(n)]\n"
        "        return torch.zeros(n, 2), [{'boxes': r, 'labels': r[:, 0].long()} for r in rows]\n"
        "    return {'calibration': part(4), 'validation': part(5), 'test': part(3)}\n"
    )
    splits = data(f"{tmp_path / 'own.py'}:make")
    assert splits.validation.targets["boxes"].lengths.tolist() == [0, 1, 2, 0, 1]


def test_a_study_s_own_copy_keeps_them(tmp_path: Path) -> None:
    splits = live_splits({name: Scenes(rows) for name, rows in PARTS.items()})
    write_splits(splits, tmp_path / "data.safetensors")
    kept = read_splits(tmp_path / "data.safetensors")
    assert_equal(kept.test.targets, PARTS["test"])
    assert data_hash(kept) == data_hash(splits)


def test_other_lengths_of_the_same_rows_are_other_data() -> None:
    def made(lengths: list[int]) -> str:
        ragged = Ragged(torch.ones(4, 2), torch.tensor(lengths))
        part = torch.zeros(2, 3), {"boxes": ragged}
        return data_hash(live_splits({"calibration": part, "validation": part, "test": part}))

    assert made([2, 2]) != made([1, 3])


def test_a_label_that_stands_alone_stays_a_tensor() -> None:
    entries = [{"boxes": torch.ones(i, 4), "image": torch.tensor(i)} for i in range(6)]
    splits = live_splits({name: (torch.zeros(6, 1), entries) for name in PARTS})
    assert torch.equal(splits.test.targets["image"], torch.arange(6))
