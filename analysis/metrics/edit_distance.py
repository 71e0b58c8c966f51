"""Edit distance of sequences: how many must be put in, left out or replaced, many at once."""

import torch
from torch import Tensor


def edit_distances(
    answers: Tensor, answer_lengths: Tensor, wanted: Tensor, wanted_lengths: Tensor
) -> Tensor:
    """Return ``(n,)`` int64 distances of ``n`` pairs of sequences.

    Args:
        answers: ``(n, a)`` whole numbers; what lies past a sequence's end is not read.
        answer_lengths: ``(n,)``.
        wanted: ``(n, w)``.
        wanted_lengths: ``(n,)``.

    >>> one = torch.tensor([[1, 2, 3]])
    >>> edit_distances(one, torch.tensor([3]), torch.tensor([[1, 3, 3, 4]]), torch.tensor([3]))
    tensor([1])
    """
    steps = torch.arange(answers.shape[1] + 1)
    costs = steps.expand(len(answers), -1).clone()
    for place in range(wanted.shape[1]):
        replaced = costs[:, :-1] + (answers != wanted[:, place, None])
        left_out = costs + 1
        best = torch.cat([left_out[:, :1], torch.minimum(replaced, left_out[:, 1:])], 1)
        put_in = (best - steps).cummin(1).values + steps
        costs = torch.where((place < wanted_lengths)[:, None], put_in, costs)
    return costs.gather(1, answer_lengths[:, None]).squeeze(1)
