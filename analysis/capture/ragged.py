"""Targets of which each sample has its own number of rows, such as boxes: ``Ragged``.

A leaf of a nest of targets like a tensor: ``len`` counts samples, a slice or a tensor of places
picks some, and one place gives the rows of one sample.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.errors import DataMismatch

LENGTHS: Final = "lengths"
"""Ends the name of the array that holds how many rows each sample has: ``…_boxes_lengths``."""


class Ragged:
    """Rows of all samples, one sample behind the other.

    Args:
        values: ``(rows, …)`` of all samples.
        lengths: ``(n,)`` int64, rows of each sample.

    Raises:
        DataMismatch: Lengths are negative, or do not add up to the rows that there are.
    """

    def __init__(self, values: Tensor, lengths: Tensor) -> None:
        whole = lengths.ndim == 1 and not lengths.is_floating_point()
        if not whole or not values.ndim or (len(lengths) and int(lengths.min()) < 0):
            raise DataMismatch(
                f"Expected one number of rows for each sample, integers from 0 on, but got "
                f"{lengths.dtype} of shape {tuple(lengths.shape)} for values of shape "
                f"{tuple(values.shape)}. Give int64 of shape (samples,)."
            )
        if int(lengths.sum()) != len(values):
            raise DataMismatch(
                f"Expected lengths that add up to the {len(values)} rows that there are, but they "
                f"add up to {int(lengths.sum())}. Give one length for each sample."
            )
        self.values = values
        self.lengths = lengths.long()
        self._ends = self.lengths.cumsum(0)

    @staticmethod
    def of(rows: Sequence[Tensor]) -> "Ragged":
        """Return the rows of each sample together.

        >>> Ragged.of([torch.zeros(2, 4), torch.zeros(0, 4)]).lengths
        tensor([2, 0])

        Raises:
            DataMismatch: Rows of samples differ in width.
        """
        widths = {tuple(row.shape[1:]) for row in rows if row.numel()}
        if len(widths) > 1 or any(row.ndim == 0 for row in rows):
            shapes = ", ".join(sorted(map(str, {tuple(row.shape) for row in rows}))[:4])
            raise DataMismatch(
                f"Expected targets that differ only in how many rows a sample has, but their "
                f"shapes are {shapes}. Give (rows, …) with the same rest for every sample."
            )
        width = next(iter(widths), ())
        plain = [row.reshape(0, *width) if not row.numel() and width else row for row in rows]
        return Ragged(torch.cat(plain), torch.tensor([len(row) for row in rows]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, places: Any) -> Any:
        """Return the rows of one sample, or those of several as another ``Ragged``."""
        if isinstance(places, int):
            end = int(self._ends[places])
            return self.values[end - int(self.lengths[places]) : end]
        order = torch.arange(len(self))[places]
        lengths = self.lengths[order]
        starts = (self._ends - self.lengths)[order]
        before = (lengths.cumsum(0) - lengths).repeat_interleave(lengths)
        rows = torch.arange(int(lengths.sum())) - before + starts.repeat_interleave(lengths)
        return Ragged(self.values[rows.to(self.values.device)], lengths)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(torch.split(self.values, self.lengths.tolist()))

    def __repr__(self) -> str:
        return f"Ragged({len(self)} samples, rows of shape {tuple(self.values.shape[1:])})"

    def padded(self, fill: float) -> Tensor:
        """Return ``(n, most rows, …)``, with ``fill`` where a sample has fewer."""
        most = int(self.lengths.max()) if len(self) else 0
        table = self.values.new_full((len(self), most, *self.values.shape[1:]), fill)
        table[torch.arange(most)[None] < self.lengths[:, None]] = self.values
        return table


def per_sample(targets: Any, count: int) -> bool:
    """Return whether ``targets`` are a list of one entry for each of ``count`` samples.

    Such entries are dicts, or tensors of as many rows as a sample has. A list of several tensors
    that hold ``count`` samples each is one of heads.
    """
    if not isinstance(targets, list | tuple) or len(targets) != count or not count:
        return False
    if all(isinstance(entry, Mapping) for entry in targets):
        return True
    tensors = isinstance(targets, list) and all(isinstance(entry, Tensor) for entry in targets)
    return tensors and (count == 1 or not all(_counts(entry, count) for entry in targets))


def _counts(leaf: Any, count: int) -> bool:
    return isinstance(leaf, Tensor) and leaf.ndim > 0 and len(leaf) == count


def gather(entries: Sequence[Any]) -> Any:
    """Return a list of samples' targets as one nest of ``Ragged`` and, of scalars, tensors.

    Raises:
        DataMismatch: Samples have other entries than others.
    """
    first = entries[0]
    if isinstance(first, Mapping):
        names = {tuple(map(str, entry)) for entry in entries if isinstance(entry, Mapping)}
        if len({frozenset(own) for own in names}) > 1:
            raise DataMismatch(
                "Expected targets with the same entries for every sample, but some have "
                f"{', '.join(sorted(set().union(*names)))} and others fewer. Give an empty tensor "
                "where there is nothing."
            )
        return {str(name): gather([entry[name] for entry in entries]) for name in first}
    if not all(isinstance(entry, Tensor) for entry in entries):
        raise DataMismatch(
            f"Expected the targets of each sample as tensors, but one is a "
            f"{next(type(e).__name__ for e in entries if not isinstance(e, Tensor))}. Give a "
            "tensor, or a dict of tensors, for each sample."
        )
    if all(entry.ndim == 0 for entry in entries):
        return torch.stack(list(entries))
    return Ragged.of(entries)


def take_targets(targets: Any, rows: slice | Tensor) -> Any:
    """Return the targets of the samples ``rows``, every leaf indexed alike."""
    return pytree.tree_map(
        lambda leaf: leaf[rows] if isinstance(leaf, Tensor | Ragged) else leaf, targets
    )


def join_leaves(parts: Sequence[Any]) -> Any:
    """Return one leaf of a nest from those of consecutive batches; ragged where one is."""
    if not any(isinstance(part, Ragged) for part in parts):
        return torch.cat(list(parts)) if isinstance(parts[0], Tensor) else parts[0]
    return Ragged.of([row for part in parts for row in part])


def cut_sample(tree: Any, rows: slice, count: int) -> Any:
    """Return the samples ``rows`` of a nest, of which leaves of ``count`` hold samples."""

    def cut(leaf: Any) -> Any:
        holds = isinstance(leaf, Ragged) or (isinstance(leaf, Tensor) and leaf.ndim)
        return leaf[rows] if holds and len(leaf) == count else leaf

    return pytree.tree_map(cut, tree)
