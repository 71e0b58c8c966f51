"""What removing each residual block costs: one measured point a block, the cheapest first."""

from collections.abc import Iterable
from dataclasses import dataclass

from prunescope.curves.curve import Curve, CurvePoint
from prunescope.study import GroupSummary, Manifest
from prunescope.study.method import BLOCK


@dataclass(frozen=True)
class BlockDrop:
    """The measured point of a block.

    Attributes:
        block: What leaves.
        recovery: Applied after it left.
        point: Measured without it.
    """

    block: GroupSummary
    recovery: str
    point: CurvePoint


def block_drops(curves: Iterable[Curve], manifest: Manifest) -> tuple[BlockDrop, ...]:
    """Return the points of all blocks; each block's together, the block that loses least first.

    A block counts by its least drop, after whatever recovery.
    """
    blocks = {group.name: group for group in manifest.removable(BLOCK)}
    found = [
        BlockDrop(blocks[curve.key.subject], curve.key.recovery, curve.points[-1])
        for curve in curves
        if curve.key.method.granularity == BLOCK and curve.points and curve.key.subject in blocks
    ]
    least: dict[str, float] = {}
    for drop in found:
        name = drop.block.name
        least[name] = min(drop.point.drop, least.get(name, drop.point.drop))
    return tuple(sorted(found, key=lambda d: (least[d.block.name], d.block.name, d.point.drop)))
