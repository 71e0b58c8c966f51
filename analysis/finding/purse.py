"""What a search has spent and may still spend, in passes of the dense network. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OF_WEIGHTS: Final = 0.028
OF_UNITS: Final = 0.048
"""Shares of the exact grid's cost up to which a search goes on where answers are open, for curves
of weights and of whole units: these step, and the law that joins all curves says less of them."""
PASSES: Final = 3.5
"""Passes of the dense network up to which it does where that is more: of a few layers, whose grid
is so cheap that a share of it would not do."""


@dataclass
class Purse:
    """Counts what samples of points cost: what lies behind their layers, and the walk up to there.

    Attributes:
        behind: Of each curve, the share of the network's multiply-accumulates behind its layer.
        grids: Of each curve, how many sparsities its grid has.
        units: Of each curve, whether whole units leave.
        samples: There are.
        spent: Passes of the dense network over all of them; its own answers are the first.
    """

    behind: Sequence[float]
    grids: Sequence[int]
    units: Sequence[bool]
    samples: int
    spent: float = 1.0

    @property
    def most(self) -> float:
        """Passes up to which answers that are open are looked at further."""
        each = zip(self.behind, self.grids, self.units, strict=True)
        share = sum(
            (OF_UNITS if units else OF_WEIGHTS) * behind * count for behind, count, units in each
        )
        return max(share, PASSES)

    def price(self, wanted: Sequence[tuple[int, int]], end: int) -> float:
        """Return what it costs to take points to ``end`` samples in one walk.

        Args:
            wanted: Of each point its curve's number, and the samples that it has.
            end: The samples that it gets.
        """
        first = min((samples for _, samples in wanted), default=end)
        behind = sum(self.behind[curve] * (end - samples) for curve, samples in wanted)
        return (end - first + behind) / self.samples
