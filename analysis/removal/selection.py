"""A removal's masks over the units of groups, translated to kept indices of dimensions."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from prunescope.arrays import Flags
from prunescope.capture.graph import Captured
from prunescope.coupling import Coupling, find_groups
from prunescope.coupling.labels import Dim
from prunescope.coupling.walk import dimensions as dimensions
from prunescope.errors import BadValue, CannotPrune

Removal: TypeAlias = "Mapping[str, Tensor | ArrayLike]"
"""Group name → bool mask over its units, True = keep."""


class Selection:
    """Which indices of which dimension stay.

    Attributes:
        coupling: Of the graph.
        leaves: For each label, whether its unit is removed.
    """

    def __init__(self, captured: Captured, removal: Removal) -> None:
        self.captured = captured
        self.coupling: Coupling = find_groups(captured)
        solved = self.coupling.solved
        units = np.zeros(int(solved.unit.max(initial=-1)) + 1, bool)
        for name, mask in removal.items():
            group = self.coupling.group(name)
            units[group.ids[~_flags(mask, name, group.units)]] = True
        self.leaves: Flags = units[solved.unit]
        self._keep_cache: dict[int, Flags] = {}

    def touches(self, dim: Dim) -> bool:
        """Whether any index of ``dim`` leaves."""
        return dim.labels is not None and not bool(self.keep(dim).all())

    def keep(self, dim: Dim) -> Flags:
        """Return which indices of a labelled ``dim`` stay, over one period of its labels."""
        assert dim.labels is not None
        keep = self._keep_cache.get(id(dim.labels))
        if keep is None:
            keep = (dim.labels < 0) | ~self.leaves[dim.labels]
            self._keep_cache[id(dim.labels)] = keep
        return keep

    def count(self, dim: Dim) -> int:
        """Return how many indices of ``dim`` stay, over one period of its labels."""
        return dim.size if dim.labels is None else int(self.keep(dim).sum())

    def size(self, dim: Dim) -> int:
        """Return how large ``dim`` is in the smaller network."""
        if dim.labels is None:
            return dim.size
        return dim.size // len(dim.labels) * self.count(dim)

    def require_units(self) -> None:
        """Check that no dimension is emptied.

        Raises:
            CannotPrune: One would be.
        """
        for node, value in self.coupling.walk.values.items():
            for dim in dimensions(value):
                if dim.labels is not None and not self.keep(dim).any():
                    raise CannotPrune(
                        f"Expected every tensor to keep an index, but this removal empties a "
                        f"dimension of {node.name}. Keep at least one unit there."
                    )


def _flags(mask: "Tensor | ArrayLike", name: str, units: int) -> Flags:
    flags = np.asarray(mask.numpy(force=True) if isinstance(mask, Tensor) else mask)
    if flags.dtype != np.bool_ or flags.shape != (units,):
        raise BadValue(
            f"Expected the mask of {name} to be {units} booleans (True = keep), but got "
            f"{flags.dtype} of shape {flags.shape}. Give one flag for each unit."
        )
    if not flags.any():
        raise CannotPrune(
            f"Expected {name} to keep a unit, but the mask removes all {units}. Keep at least one."
        )
    return flags


def positions(keep: Flags) -> Tensor:
    """Return the indices that stay, as an int64 tensor."""
    return torch.from_numpy(np.flatnonzero(keep))
