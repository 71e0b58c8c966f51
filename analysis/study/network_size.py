"""How large a network is after units were removed: exact arithmetic on the manifest's shapes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.study import Manifest
from prunescope.study.method import BLOCK
from prunescope.study.summaries import leaves


@dataclass(frozen=True)
class Size:
    """What a network of these shapes takes.

    Attributes:
        parameters: Elements of all parameters.
        bytes: Of parameters and saved buffers, dense.
        macs: Multiply-accumulates for one sample.
        by_tensor: Elements of every parameter and saved buffer.
    """

    parameters: int
    bytes: int
    macs: int
    by_tensor: dict[str, int]


def shrunk(manifest: Manifest, removed: Mapping[str, int]) -> Size:
    """Return the size of the network after ``removed`` units left each named group.

    Every member dimension loses ``units × indices per unit``; multiply-accumulates are products of
    such dimensions. What leaves with blocks counts nothing. Equal to the really smaller network's
    counts, which verification checks.

    Args:
        manifest: Of the dense network.
        removed: Group name → units removed, or block → 1; what is not named stays whole.
    """
    shapes = {tensor.name: list(tensor.shape) for tensor in manifest.tensors}
    gone = set()
    for name, units in removed.items():
        group = manifest.group(name)
        if group.granularity == BLOCK:
            gone |= {name} if units else set()
            continue
        for member in group.members:
            if units and member.parameter in shapes:
                shapes[member.parameter][member.dimension] -= units * member.indices
    elements = {
        tensor.name: 0 if leaves(tensor.leaves_with, gone) else math.prod(shapes[tensor.name])
        for tensor in manifest.tensors
    }
    dense = {tensor.name: math.prod(tensor.shape) for tensor in manifest.tensors}
    macs = 0.0
    for term in manifest.mac_terms:
        if leaves(term.leaves_with, gone):
            continue
        left = math.prod(
            1 - math.fsum(removed.get(name, 0) * share for name, share in factor)
            for factor in term.sums()
        )
        if term.parameter is not None:
            left *= elements[term.parameter] / dense[term.parameter]
        macs += term.macs * left
    return Size(
        parameters=sum(elements[t.name] for t in manifest.tensors if not t.buffer),
        bytes=sum(elements[t.name] * t.width for t in manifest.tensors),
        macs=round(macs),
        by_tensor=elements,
    )


def frees(manifest: Manifest, name: str, units: int = 1) -> tuple[int, int]:
    """Return the (parameters, multiply-accumulates) that ``units`` of a group free alone."""
    after = shrunk(manifest, {name: units})
    dense = shrunk(manifest, {})
    return dense.parameters - after.parameters, dense.macs - after.macs
