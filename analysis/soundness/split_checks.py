"""Are the splits apart, and does every class have samples?"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.arrays import Bytes
from prunescope.bench.workbench import Workbench
from prunescope.data_kinds.large_samples import pieces
from prunescope.sources.splits import SPLITS, Samples, Splits
from prunescope.study.soundness import BALANCE, OVERLAP, Check
from prunescope.text.lists import listed
from prunescope.text.numbers import exact
from prunescope.text.units import percent

_SHARED: Final = 0.01
"""Share of a split's samples up to which samples in common are a data set's own doubles."""

_ELEMENTS: Final = 4096
"""Numbers of a sample that are hashed, spread over it: samples equal in all of them are equal."""

_MOST_SHOWN: Final = 5


def check_splits(bench: Workbench, splits: Splits) -> tuple[Check, ...]:
    """Return the checks of the splits: samples in common, and validation samples per class.

    Args:
        bench: Its manifest counts the classes.
        splits: All of the data, of which the bench may hold a part.
    """
    return (_overlap(splits), _balance(bench))


def _overlap(splits: Splits) -> Check:
    hashes = {name: Counter(_hashes(splits.named(name))) for name in SPLITS}
    shared = []
    far = False
    for later, earlier in (
        ("validation", "calibration"), ("test", "calibration"), ("test", "validation"),
    ):  # fmt: skip
        total = hashes[later].total()
        common = sum(n for digest, n in hashes[later].items() if digest in hashes[earlier])
        if common:
            shared.append(f"{exact(common)} of {exact(total)} {later} samples are also {earlier}'s")
        far = far or common > _SHARED * total
    if not shared:
        return Check(OVERLAP, "passed", "No sample is in two splits.")
    if far:
        return Check(
            OVERLAP, "marked",
            f"{listed(shared)}: what was fitted or chosen on a sample says little about others, so "
            "scores are optimistic. Split the data anew.",
        )  # fmt: skip
    return Check(OVERLAP, "passed", f"{listed(shared)}, at most {percent(_SHARED, 0)}.")


def _hashes(samples: Samples) -> Iterator[bytes]:
    """A hash of every sample's inputs; labels do not count."""
    leaves = [leaf for leaf in pytree.tree_leaves(samples.inputs) if isinstance(leaf, Tensor)]
    for part in pieces(len(samples), sum(leaf.nbytes for leaf in leaves) // len(samples)):
        for parts in zip(*(_spread(leaf[part]) for leaf in leaves), strict=True):
            digest = hashlib.blake2b(digest_size=16)
            for row in parts:
                digest.update(row)
            yield digest.digest()


def _spread(leaf: Tensor) -> Bytes:
    """The bytes of some numbers of each sample, ``(samples, bytes)``."""
    rows = leaf.reshape(len(leaf), -1)
    table = rows[:, :: max(rows.shape[1] // _ELEMENTS, 1)].contiguous()
    return table.view(torch.uint8).reshape(len(table), -1).numpy(force=True)


def _balance(bench: Workbench) -> Check:
    baseline = bench.manifest.baseline
    if baseline is None or not baseline.class_samples or bench.metric.relative:
        return Check(BALANCE, "passed", "There are no labels per sample, so no classes to count.")
    counts = baseline.class_samples
    empty = [place for place, count in enumerate(counts) if not count]
    if empty:
        known = bench.splits.classes
        names = [known[place] if place < len(known) else str(place) for place in empty]
        more = len(names) - _MOST_SHOWN
        shown = [*names[:_MOST_SHOWN], *([f"{exact(more)} more"] if more > 0 else [])]
        return Check(
            BALANCE, "marked",
            f"{exact(len(empty))} of {exact(len(counts))} classes have no validation sample "
            f"({listed(shown)}): what pruning does to them is not seen. Add samples.",
        )  # fmt: skip
    return Check(
        BALANCE, "passed",
        f"Each of {exact(len(counts))} classes has {exact(min(counts))} to {exact(max(counts))} "
        "validation samples.",
    )  # fmt: skip
