"""Copies of data are written a piece at a time, as safetensors itself would write them whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from prunescope.data_kinds import large_samples
from prunescope.sources.kept_splits import read_splits, write_splits
from prunescope.sources.splits import Samples, Splits, data_hash
from prunescope.sources.stream_tensors import raw_pieces, write_tensors

PIECE = 4096


class Asked(TorchDispatchMode):
    """Notes the bytes of every block of memory that an operator makes."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def __torch_dispatch__(
        self, call: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        given = {t.untyped_storage().data_ptr() for t in args if isinstance(t, Tensor)}
        made = call(*args, **(kwargs or {}))
        if isinstance(made, Tensor) and made.untyped_storage().data_ptr() not in given:
            self.most = max(self.most, made.untyped_storage().nbytes())
        return made


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_samples, "_COPIED", PIECE)


def of_every_kind() -> dict[str, Tensor]:
    flags = torch.randint(0, 2, (7, 3, 5), generator=torch.Generator().manual_seed(0))
    kinds = (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
        torch.bfloat16, torch.float32, torch.float64, torch.complex64,
    )  # fmt: skip
    named = {str(place): flags.to(kind) for place, kind in enumerate(kinds)}
    return named | {"none": torch.zeros(0, 3), "one": torch.tensor(2.5), 'ä"\n': torch.arange(3)}


def test_the_bytes_are_those_of_safetensors(small_pieces: None, tmp_path: Path) -> None:
    tensors, texts = of_every_kind(), {"said": 'ä "quoted"\n'}
    save_file(tensors, tmp_path / "whole", metadata=texts)
    write_tensors(tensors, tmp_path / "pieces", texts)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()


def test_views_of_one_memory_in_any_layout_are_written_by_value(
    small_pieces: None, tmp_path: Path
) -> None:
    whole = torch.randn(60, 8, 5, 5)
    tensors = {
        "first": whole[:20], "rest": whole[20:], "last": whole.permute(0, 2, 3, 1),
        "same": whole[:1].expand(50, 8, 5, 5), "learnt": torch.ones(3, requires_grad=True),
    }  # fmt: skip
    write_tensors(tensors, tmp_path / "file", {})
    read = load_file(tmp_path / "file")
    assert set(read) == set(tensors)
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


def test_a_type_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="hold no torch.complex128"):
        write_tensors({"a": torch.ones(2, dtype=torch.complex128)}, tmp_path / "file", {})


def sizes(pieces: Iterator[memoryview]) -> list[int]:
    return [piece.nbytes for piece in pieces]


def test_no_more_than_a_piece_is_asked_for(small_pieces: None, tmp_path: Path) -> None:
    """All samples were cloned: 512 MB of live data took as much again."""
    inputs = torch.randn(600, 8, 5, 5)
    assert inputs.nbytes > 100 * PIECE
    splits = Splits(*(Samples(inputs[part::3], torch.arange(200)) for part in range(3)))
    with Asked() as asked:
        write_splits(splits, tmp_path / "data.safetensors")
        known = data_hash(splits)
    assert 0 < asked.most <= PIECE
    assert data_hash(read_splits(tmp_path / "data.safetensors")) == known
    assert max(sizes(raw_pieces(inputs))) <= PIECE
    with Asked() as asked:  # what lies in one piece is not copied at all
        assert sum(sizes(raw_pieces(inputs))) == inputs.nbytes
    assert asked.most == 0
