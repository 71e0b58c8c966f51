"""The three splits of a study's data."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Inputs, batch_size, take
from prunescope.capture.ragged import Ragged, take_targets
from prunescope.data_kinds.large_samples import pieces
from prunescope.errors import DataMismatch, UnknownName
from prunescope.sources.stream_tensors import raw_pieces

SPLITS: Final = ("calibration", "validation", "test")


@dataclass(frozen=True)
class Samples:
    """Samples of one split.

    Attributes:
        inputs: A batch of all samples: a tensor, a tuple or a dict; dimension 0 counts samples.
        targets: ``(n,)`` int64 class labels, or whatever the metric takes: any nest of tensors, of
            which dimension 0 counts samples, and of ``Ragged``; None without labels.
    """

    inputs: Inputs
    targets: Any = None

    def __len__(self) -> int:
        return batch_size(self.inputs)

    def chunk(self, start: int, stop: int) -> "Samples":
        """Return the samples from ``start`` up to ``stop``."""
        rows = slice(start, stop)
        return Samples(take(self.inputs, rows), take_targets(self.targets, rows))

    def picked(self, rows: Tensor) -> "Samples":
        """Return the samples at the indices ``rows``, in that order."""
        return Samples(take(self.inputs, rows), take_targets(self.targets, rows))


@dataclass(frozen=True)
class Splits:
    """Three disjoint sets: calibration (scores, recovery), validation (curves), test (once).

    Attributes:
        classes: Their names, where they have any.
        casts: What was read as another type of number, such as ``float64 as float32``.
    """

    calibration: Samples
    validation: Samples
    test: Samples
    classes: tuple[str, ...] = field(default=())
    casts: tuple[str, ...] = field(default=())

    def named(self, name: str) -> Samples:
        """Return the split ``name``."""
        if name not in SPLITS:
            raise UnknownName.among("split", name, SPLITS)
        found: Samples = getattr(self, name)
        return found


def split_by(read: Callable[[str], Samples], classes: tuple[str, ...] = ()) -> Splits:
    """Return the splits that ``read`` gives, by name."""
    calibration, validation, test = map(read, SPLITS)
    return Splits(calibration, validation, test, classes)


def data_hash(splits: Splits) -> str:
    """Return a hash of all samples of all splits: names, values and order."""
    digest = hashlib.sha256()
    for name in SPLITS:
        samples = splits.named(name)
        leaves, _ = pytree.tree_flatten_with_path((samples.inputs, samples.targets))
        for path, leaf in leaves:
            digest.update(f"{name}{pytree.keystr(path)}".encode())
            for part in _tensors(leaf):
                digest.update(f"{part.dtype}{tuple(part.shape)}".encode())
                for piece in raw_pieces(part):
                    digest.update(piece)
            if not _tensors(leaf):
                digest.update(repr(leaf).encode())
    return digest.hexdigest()[:16]


def check_samples(name: str, samples: Samples, source: str) -> None:
    """Raise ``DataMismatch`` unless split ``name`` has equal lengths, finite values, samples."""
    leaves = [x for x in pytree.tree_leaves(samples.inputs) if isinstance(x, Tensor)]
    if not leaves:
        raise DataMismatch(
            f"Expected the {name} inputs of {source} to hold tensors, but got "
            f"{type(samples.inputs).__name__}. Return a tensor, a tuple or a dict of tensors."
        )
    targets = samples.targets
    wanted = [x for x in pytree.tree_leaves(targets) if isinstance(x, Tensor | Ragged)]
    if targets is not None and not wanted:
        raise DataMismatch(
            f"Expected the {name} targets of {source} to hold tensors, but got "
            f"{type(targets).__name__}. Give a tensor, or a tuple or dict of tensors."
        )
    tensors = [part for leaf in itertools.chain(leaves, wanted) for part in _tensors(leaf)]
    for leaf in tensors:
        _require_dense(name, leaf, source)
    counts = {_length(leaf) for leaf in itertools.chain(leaves, wanted)}
    if len(counts) > 1:
        raise DataMismatch(
            f"Expected the {name} split of {source} to have as many targets as inputs, but the "
            f"lengths are {', '.join(map(str, sorted(counts)))}. Make them equal."
        )
    if counts == {0}:
        raise DataMismatch(
            f"Expected samples in the {name} split of {source}, but it is empty. Add some."
        )
    for leaf in tensors:
        if leaf.is_floating_point() and not all(
            bool(torch.isfinite(piece).all()) for piece in _pieces(leaf)
        ):
            raise DataMismatch(
                f"Expected finite numbers in the {name} split of {source}, but some are NaN or "
                "infinite. Clean the data."
            )


def _pieces(tensor: Tensor) -> Iterator[Tensor]:
    """``tensor`` in pieces of whole samples, so that no copy of all of it is made."""
    if not tensor.ndim:
        yield tensor
        return
    for rows in pieces(len(tensor), tensor.nbytes // max(len(tensor), 1)):
        yield tensor[rows]


def _tensors(leaf: object) -> list[Tensor]:
    if isinstance(leaf, Ragged):
        return [leaf.values, leaf.lengths]
    return [leaf] if isinstance(leaf, Tensor) else []


def _length(leaf: Tensor | Ragged) -> int:
    return len(leaf) if isinstance(leaf, Ragged) or leaf.ndim else 0


def _require_dense(name: str, tensor: Tensor, source: str) -> None:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        kind = (
            "nested" if tensor.is_nested
            else "quantized" if tensor.is_quantized
            else str(tensor.layout).removeprefix("torch.")
        )  # fmt: skip
        raise DataMismatch(
            f"Expected dense tensors in the {name} split of {source}, but got a tensor that is "
            f"{kind}. Call .to_dense() or pad it."
        )
    if tensor.device.type == "meta":
        raise DataMismatch(
            f"Expected the {name} split of {source} to hold values, but a tensor is on the meta "
            "device, which holds none. Make it on the CPU."
        )
