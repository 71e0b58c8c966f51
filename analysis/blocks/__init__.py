"""Residual blocks: found in the graph, removed whole, with what leaves with each.

A block is the branch of a residual sum: the sum's other operand passes it by. Without the block
the sum is that operand, exactly as if the branch's result were multiplied by 0.
"""

from prunescope.blocks.block import Block, BlockRefusal, Blocks
from prunescope.blocks.drop import drop
from prunescope.blocks.find_blocks import find_blocks
from prunescope.blocks.leaving import leaving

__all__ = ["Block", "BlockRefusal", "Blocks", "drop", "find_blocks", "leaving"]
