"""Samples past a limit: on the disk, the same values, and no room said before any is decoded."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from prunescope.data_kinds import large_samples
from prunescope.data_kinds.large_samples import UnlikeSamples, chosen, on_disk, room, stacked
from prunescope.errors import BadValue, DataMismatch
from prunescope.sources.data import load_data
from prunescope.sources.live_data import live_splits
from prunescope.sources.splits import SPLITS, Splits, data_hash
from prunescope.study import Reference


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Everything from 2,000 bytes on is large."""
    monkeypatch.setenv(large_samples.LIMIT, "2000")
    monkeypatch.setenv(large_samples.FOLDER, str(tmp_path / "samples"))
    monkeypatch.setattr(large_samples, "_TAKEN", [])
    monkeypatch.setattr(large_samples, "_COPIED", 512)
    return tmp_path / "samples"


def pictures(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, 4, 5, generator=torch.Generator().manual_seed(seed))


def mapped(tensor: Tensor) -> bool:
    """Whether the system says that a tensor's values lie in a file."""
    place = tensor.data_ptr()
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, *_, name = [*line.split(maxsplit=5), ""][:7]
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= place < high:
            return "samples" in line or "(deleted)" in line or "samples" in name
    return False


def test_what_is_large_lies_in_a_file_without_a_name(small_limit: Path) -> None:
    values = pictures(40)
    large = stacked(iter(values), 40)
    assert torch.equal(large, values)
    assert mapped(large)
    assert not mapped(stacked(iter(values[:4]), 4))
    assert list(small_limit.iterdir()) == []
    assert on_disk().startswith("9.6 kB of decoded samples lie in")
    rows = torch.randperm(40)
    assert torch.equal(chosen(large, rows), values[rows])
    assert mapped(chosen(large, rows))


@pytest.mark.parametrize("count", [2, 40])
def test_unlike_samples_are_refused_small_or_large(count: int, small_limit: Path) -> None:
    with pytest.raises(UnlikeSamples, match="and"):
        stacked(iter([*pictures(count - 1), torch.zeros(3, 5, 5)]), count)


def test_no_room_on_the_disk_is_said_before_a_sample_is_decoded(
    small_limit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(large_samples, "_take", full)
    decoded = []

    def decode() -> Iterator[Tensor]:
        for sample in pictures(40):
            decoded.append(1)
            yield sample

    with pytest.raises(BadValue, match=r"9\.6 kB of disk in .* no space left on device\. Take f"):
        stacked(decode(), 40)
    assert len(decoded) == 1  # whose size was needed


def test_without_a_limit_of_the_user_memory_does_what_the_disk_refuses(
    small_limit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk was an error from 1 GB on; files begin far below now."""
    monkeypatch.delenv(large_samples.LIMIT)
    monkeypatch.setattr(large_samples, "IN_MEMORY", 2000)
    assert mapped(room((40, 50), torch.float32))
    assert on_disk() == ""  # nobody needs to know of what memory could have held

    def full(file: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(large_samples, "_take", full)
    assert not mapped(room((40, 50), torch.float32))
    monkeypatch.setattr(large_samples, "WITHOUT_DISK", 4000)
    with pytest.raises(BadValue, match=r"8 kB of disk in .* no space left on device\."):
        room((40, 50), torch.float32)


def same(first: Splits, second: Splits) -> bool:
    return data_hash(first) == data_hash(second)


def test_a_loader_an_archive_and_a_cut_set_are_the_same_there(
    small_limit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = {name: (pictures(60, place), torch.arange(60)) for place, name in enumerate(SPLITS)}
    loaders = {name: DataLoader(TensorDataset(*pair), batch_size=7) for name, pair in sets.items()}
    file = tmp_path / "data.npz"
    arrays = {
        f"{name}_{part}": value.numpy()
        for name, pair in sets.items()
        for part, value in zip(("inputs", "targets"), pair, strict=True)
    }
    np.savez(file, **arrays)
    one = torch.cat([pair[0] for pair in sets.values()])
    large = [live_splits(loaders), load_data(Reference("", str(file))), live_splits(one)]
    assert all(mapped(splits.validation.inputs) for splits in large)
    monkeypatch.setenv(large_samples.LIMIT, "1GB")
    small = [live_splits(loaders), load_data(Reference("", str(file))), live_splits(one)]
    assert not any(mapped(splits.validation.inputs) for splits in small)
    assert same(large[0], large[1])
    assert all(same(*pair) for pair in zip(large, small, strict=True))


def test_a_set_that_ends_early_is_refused_there_too(small_limit: Path) -> None:
    class Short(torch.utils.data.Dataset[Tensor]):
        def __len__(self) -> int:
            return 60

        def __getitem__(self, row: int) -> Tensor:
            if row >= 50:
                raise IndexError
            return pictures(1, row)[0]

    with pytest.raises(DataMismatch):
        live_splits({"train": pictures(8), "val": Short()})


def test_a_users_memmap_stays_on_the_disk(small_limit: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", pictures(60).numpy())
    values = np.load(tmp_path / "pictures.npy", mmap_mode="r")
    splits = live_splits({"train": values[:20], "val": values[20:40], "test": values[40:]})
    assert isinstance(splits.validation.inputs, Tensor)
    assert torch.equal(splits.validation.inputs, pictures(60)[20:40])
    place = splits.validation.inputs.data_ptr() - splits.calibration.inputs.data_ptr()  # type: ignore[union-attr]
    assert place == 20 * 3 * 4 * 5 * 4  # one map, not copies


def test_room_is_memory_where_it_is_small(small_limit: Path) -> None:
    assert not mapped(room((4, 5), torch.float32))
    assert mapped(room((40, 50), torch.float32))
