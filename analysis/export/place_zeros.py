"""Find a weight's zeros in a file that holds it under another name, turned, or with other gates."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

_GATES: Final = ((0, 2, 3, 1), (1, 0, 2))
"""Blocks of rows in ONNX's order (LSTM: i o f c; GRU: z r h), in torch's (i f c o; r z h)."""


def place_zeros(
    patterns: Mapping[str, np.ndarray], name: str, where: np.ndarray
) -> np.ndarray | None:
    """Return the zeros of the weight ``name`` in a file, in the order of ``where``, or None.

    Args:
        patterns: Where each tensor of the file is zero.
        name: Of the weight.
        where: At least these must be zero.
    """
    own = patterns.get(name)
    if own is not None and own.shape == where.shape:
        return own
    for other in patterns.values():
        for turned in _turned(other):
            if turned.shape == where.shape and bool(turned[where].all()):
                return turned
    return None


def _turned(pattern: np.ndarray) -> Iterator[np.ndarray]:
    yield pattern
    yield np.swapaxes(pattern, -1, -2)
    if pattern.ndim != 3:
        return
    for direction in pattern:  # ONNX keeps those of a recurrent layer together
        yield direction
        for order in _GATES:
            if len(direction) % len(order) == 0:
                blocks = np.split(direction, len(order))
                yield np.concatenate([blocks[place] for place in order])
