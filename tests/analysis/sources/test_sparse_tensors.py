"""Tensors of mostly zeros come back bit for bit, in fewer bytes, and no file claims too much."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from prunescope.errors import DamagedFile
from prunescope.sources.sparse_tensors import NOTE, dense_tensors, sparse_tensors
from prunescope.sources.weights import load_weights


def pruned(elements: int, share: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    made = torch.Generator().manual_seed(elements)
    values = torch.randn(elements, generator=made)
    gone = torch.rand(elements, generator=made) < share
    return values.masked_fill(gone, 0.0).to(dtype)


@given(
    st.integers(0, 2000),
    st.floats(0, 1),
    st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]),
)
def test_every_bit_comes_back(elements: int, share: float, dtype: torch.dtype) -> None:
    tensor = pruned(elements, share, dtype)
    if elements > 3:
        tensor[1], tensor[2] = -0.0, float("nan")
    sparse = sparse_tensors({"layer.weight": tensor, "count": torch.tensor(3)})
    back = dense_tensors(sparse.stored, json.loads(sparse.note))
    word = {2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    assert torch.equal(back["layer.weight"].view(word), tensor.view(word))
    assert back["count"] == 3
    assert sparse.bytes <= tensor.nbytes + 8


@pytest.mark.parametrize(("share", "by", "most"), [(0.7, "bits", 0.34), (0.95, "gaps", 0.065)])
def test_places_take_the_fewest_bytes(share: float, by: str, most: float) -> None:
    tensor = pruned(100_000, share)
    sparse = sparse_tensors({"w": tensor})
    assert json.loads(sparse.note)["w"]["by"] == by
    assert sparse.bytes < most * tensor.nbytes


def test_few_zeros_stay_dense() -> None:
    assert sparse_tensors({"w": pruned(1000, 0.05)}).note == "{}"


@pytest.mark.parametrize("shape", [[1 << 39], [100], [2, 400]])
def test_a_shape_that_its_places_do_not_reach_is_refused(shape: list[int], tmp_path: Path) -> None:
    sparse = sparse_tensors({"w": pruned(400, 0.9)})
    note = json.dumps({"w": {**json.loads(sparse.note)["w"], "shape": shape}})
    save_file(sparse.stored, tmp_path / "w.safetensors", metadata={NOTE: note})
    with pytest.raises(DamagedFile, match="the places of w do not fit"):
        load_weights(tmp_path / "w.safetensors")
