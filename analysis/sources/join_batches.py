"""Batches of a dataset, joined as they come; what is large goes to the disk at once."""

from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.ragged import join_leaves
from prunescope.data_kinds.large_samples import room
from prunescope.errors import DataMismatch


class JoinedBatches:
    """Takes one batch after another, each a nest of tensors, dimension 0 counting samples.

    Where the number of samples is known before, the place of all of them is taken with the first
    batch, on the disk where it is large, and no batch is kept.
    """

    def __init__(self, split: str, count: int | None) -> None:
        """Join batches.

        Args:
            split: For errors.
            count: Samples of all batches; None where nobody knows.
        """
        self._split, self._count = split, count
        self._spec: pytree.TreeSpec | None = None
        self._leaves: list[_Leaf] = []

    def add(self, batch: Any) -> None:
        """Take the next batch.

        Raises:
            DataMismatch: Its parts are others than those of the first.
            RuntimeError: A part has another shape.
        """
        values, spec = pytree.tree_flatten(batch)
        if self._spec is None:
            self._spec, self._leaves = spec, [_Leaf(value, self._count) for value in values]
        if str(spec) != str(self._spec):
            raise DataMismatch(
                f"Expected batches of one kind in the {self._split} split, but some have other "
                "parts than others. Let the dataset return the same parts for every sample."
            )
        for leaf, value in zip(self._leaves, values, strict=True):
            leaf.add(value)

    def whole(self) -> Any:
        """Return all samples.

        Raises:
            DataMismatch: There are none.
            RuntimeError: Parts of different shapes cannot be joined.
        """
        if self._spec is None:
            raise DataMismatch(
                f"Expected samples in the {self._split} split, but it is empty. Add some."
            )
        return pytree.tree_unflatten([leaf.whole() for leaf in self._leaves], self._spec)


class _Leaf:
    """One part of the batches."""

    def __init__(self, first: Any, count: int | None) -> None:
        self._parts: list[Any] = []
        self._place: Tensor | None = None
        self._filled = 0
        if count is not None and isinstance(first, Tensor) and first.ndim and len(first):
            # Also for labels: kept batch by batch, they pin what lies below them in the heap.
            self._place = room((count, *first.shape[1:]), first.dtype)

    def add(self, value: Any) -> None:
        place = self._place
        if place is not None and isinstance(value, Tensor) and value.dtype == place.dtype:
            stop = self._filled + len(value)
            if stop <= len(place):
                place[self._filled : stop] = value
                self._filled = stop
                return
        if place is not None:  # of another type or number than promised: joined at the end
            self._parts, self._place = [place[: self._filled].clone()], None
        self._parts.append(value)

    def whole(self) -> Any:
        if self._place is not None:
            return self._place[: self._filled]
        return join_leaves(self._parts)
