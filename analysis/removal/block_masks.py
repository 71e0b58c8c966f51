"""Tell blocks from groups in a removal: both stand in it by name."""

import numpy as np
from torch import Tensor

from prunescope.blocks import Block, find_blocks
from prunescope.capture.graph import Captured
from prunescope.errors import BadValue
from prunescope.removal.selection import Removal


def divided(captured: Captured, removal: Removal) -> tuple[Removal, tuple[Block, ...]]:
    """Return the masks of groups in ``removal``, and the blocks that leave, in the graph's order.

    Raises:
        BadValue: A block's mask that is not one flag.
    """
    if not removal:
        return removal, ()
    found = find_blocks(captured)
    groups = {name: mask for name, mask in removal.items() if found.named(name) is None}
    leaving = {name for name in removal if name not in groups and not _stays(name, removal)}
    return groups, tuple(block for block in found.removable if block.name in leaving)


def _stays(name: str, removal: Removal) -> bool:
    mask = removal[name]
    flags = np.asarray(mask.numpy(force=True) if isinstance(mask, Tensor) else mask)
    if flags.dtype != np.bool_ or flags.shape != (1,):
        raise BadValue(
            f"Expected the mask of the block {name} to be one boolean (True = keep), but got "
            f"{flags.dtype} of shape {flags.shape}. Give one flag."
        )
    return bool(flags[0])
