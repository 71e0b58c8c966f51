"""The cost that a removal saves: the dense network's minus the smaller network's."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from torch import fx

from prunescope.capture.cost import Cost, cost
from prunescope.capture.graph import Captured
from prunescope.coupling import Group, find_groups
from prunescope.removal.remove import remove

_DENSE: "WeakKeyDictionary[fx.GraphModule, Cost]" = WeakKeyDictionary()


@dataclass(frozen=True)
class FreedCost:
    """Differences between the dense and the smaller network, for one sample.

    Attributes:
        parameters: Elements.
        macs: Multiply-accumulates.
        bytes: Of parameters and saved buffers.
        activation_bytes: Of the peak of activations.
    """

    parameters: int
    macs: int
    bytes: int
    activation_bytes: int


def freed(captured: Captured, group: Group | str, units: int | Sequence[int]) -> FreedCost:
    """Return what removing ``units`` of ``group`` frees: a count, or unit numbers.

    Counted on the smaller network itself, so the numbers are those of the exported model.
    """
    if isinstance(group, str):
        group = find_groups(captured).group(group)
    mask = np.ones(group.units, bool)
    mask[np.arange(units) if isinstance(units, int) else list(units)] = False
    before = _DENSE.get(captured.module)
    if before is None:
        before = _DENSE[captured.module] = cost(captured)
    after = cost(remove(captured, {group.name: mask}))
    return FreedCost(
        before.parameters - after.parameters,
        before.macs - after.macs,
        before.bytes - after.bytes,
        before.activation_bytes - after.activation_bytes,
    )
