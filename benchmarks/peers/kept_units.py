"""Which units of this project's groups another tool has kept, read off the weights that it left."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from prunescope.coupling import Group

_VOTES: Final = 48
"""Columns by which a row is recognised."""


def kept_units(
    dense: nn.Module, smaller: nn.Module, groups: Iterable[Group]
) -> dict[str, Tensor] | None:
    """Return a mask of units for each group, True = keep; None where no masks say what is left.

    A row of a weight is known again by its values, which no tool changes before it trains.

    Args:
        dense: Before.
        smaller: After, with parameters of the same names.
        groups: Of the dense network.
    """
    before, after = dict(dense.named_parameters()), dict(smaller.named_parameters())
    stay = {
        name: _kept(weight.detach(), after[name].detach())
        for name, weight in before.items()
        if weight.ndim > 1 and name in after
    }
    masks = {}
    for group in groups:
        keep = _of_group(group, stay)
        if keep is None or not bool(keep.any()):
            return None
        if not bool(keep.all()):
            masks[group.name] = keep
    return masks


def _of_group(group: Group, stay: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Tensor | None:
    """Units of which every index stays are kept, those of which none does are gone."""
    known = [m for m in group.members if m.parameter in stay and m.dimension < 2]
    keep = []
    for unit in range(len(group.members[0].indices)):
        states = {
            bool(state)
            for member in known
            for state in stay[member.parameter][member.dimension][member.indices[unit]]
        }
        if len(states) != 1:
            return None
        keep.append(states.pop())
    return torch.tensor(keep)


def _kept(dense: Tensor, smaller: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Which rows and columns of ``dense`` are in ``smaller``, bool arrays."""
    rows, columns = dense.shape[:2]
    if dense.shape == smaller.shape:
        return np.ones(rows, bool), np.ones(columns, bool)
    places: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    blocks = dense.reshape(rows, columns, -1).numpy()
    for row in range(rows):
        for column in range(columns):
            places[blocks[row, column].tobytes()].append((row, column))
    left = smaller.reshape(*smaller.shape[:2], -1).numpy()
    height, width = left.shape[:2]
    return (
        _voted(rows, (((r, c) for c in range(min(width, _VOTES))) for r in range(height)), left,
               places, 0),
        _voted(columns, (((r, c) for r in range(min(height, _VOTES))) for c in range(width)), left,
               places, 1),
    )  # fmt: skip


def _voted(
    size: int,
    lines: Iterable[Iterable[tuple[int, int]]],
    left: np.ndarray,
    places: Mapping[bytes, list[tuple[int, int]]],
    axis: int,
) -> np.ndarray:
    keep = np.zeros(size, bool)
    for line in lines:
        votes = Counter(place[axis] for at in line for place in places.get(left[at].tobytes(), ()))
        if votes:
            keep[votes.most_common(1)[0][0]] = True
    return keep
