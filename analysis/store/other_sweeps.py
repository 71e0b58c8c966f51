"""Sweeps of the same points on machines that see no locks of each other. Torch-free.

Nobody can claim a point in an object store. What is left is to know of each other, to begin with
different points, and to hear soon what the others have written.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from prunescope.study.shard import WHOLE, Shard


@dataclass
class OtherSweeps:
    """A sweep among others that measure the same points into its store.

    Attributes:
        name: Of this sweep, by chance.
        names: Of all that are at it, as far as this one knows, in order.
        heard: Whether another one wrote anything since this one began.
    """

    name: str = field(default_factory=lambda: secrets.token_hex(6))
    names: tuple[str, ...] = ()
    heard: bool = False

    def meet(self, names: Iterable[str]) -> None:
        """Note who is there now; one that was killed stays among them."""
        self.names = tuple(sorted({*names, self.name}))

    @property
    def shard(self) -> Shard:
        """Which points this sweep begins with."""
        if len(self.names) < 2:
            return WHOLE
        return Shard(self.names.index(self.name) + 1, len(self.names))
