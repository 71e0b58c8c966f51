"""Ragged targets: rows of samples picked, padded and refused."""

import pytest
import torch

from prunescope.capture.ragged import Ragged, gather, join_leaves, per_sample
from prunescope.errors import DataMismatch

ROWS = [torch.arange(8).view(2, 4), torch.zeros(0, 4).long(), torch.arange(12).view(3, 4)]


def test_samples_are_picked_as_from_a_list() -> None:
    ragged = Ragged.of(ROWS)
    assert len(ragged) == 3
    assert torch.equal(ragged[2], ROWS[2])
    order = torch.tensor([2, 0, 2, 1])
    for own, wanted in zip(ragged[order], order.tolist(), strict=True):
        assert torch.equal(own, ROWS[wanted])
    assert [len(row) for row in ragged[1:]] == [0, 3]


def test_it_is_padded_with_what_is_asked_for() -> None:
    padded = Ragged.of(ROWS).padded(-1)
    assert padded.shape == (3, 3, 4)
    assert torch.equal(padded[0, :2], ROWS[0])
    assert bool((padded[1] == -1).all())


def test_batches_are_joined_where_only_some_are_ragged() -> None:
    same = torch.stack([ROWS[0], ROWS[0]])
    joined = join_leaves([same, Ragged.of(ROWS)])
    assert joined.lengths.tolist() == [2, 2, 2, 0, 3]


def test_heads_are_not_taken_for_samples() -> None:
    assert not per_sample([torch.zeros(2), torch.zeros(2)], 2)
    assert not per_sample((torch.zeros(3), torch.zeros(3)), 3)
    assert per_sample([torch.zeros(2), torch.zeros(1)], 2)
    assert per_sample([{"boxes": torch.zeros(2, 4)}, {"boxes": torch.zeros(0, 4)}], 2)


@pytest.mark.parametrize(
    ("lengths", "why"),
    [
        (torch.tensor([1, 2]), "add up to the 4 rows"),
        (torch.tensor([5, -1]), "from 0 on"),
        (torch.tensor([2.0, 2.0]), "float32 of shape"),
    ],
)
def test_lengths_that_cannot_be_are_refused(lengths: torch.Tensor, why: str) -> None:
    with pytest.raises(DataMismatch, match=why):
        Ragged(torch.zeros(4, 2), lengths)


def test_samples_of_other_widths_and_entries_are_refused() -> None:
    with pytest.raises(DataMismatch, match="differ only in how many rows"):
        Ragged.of([torch.zeros(2, 4), torch.zeros(2, 5)])
    with pytest.raises(DataMismatch, match="same entries for every sample"):
        gather([{"boxes": torch.zeros(1)}, {"labels": torch.zeros(1)}])
