"""Multiply-accumulates that a replay executed, beside those of other ways to the same numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplayCost:
    """Multiply-accumulates of everything that was evaluated so far.

    Attributes:
        executed: What ran: dense prefixes and suffixes, calibration passes of ``bn`` and ``ls``
            included; products for moments and solving are not.
        naive: What the plain loop takes: every point's whole (smaller) network on every sample.
        bound: The least that replay can take: every point's suffix on every sample, and one pass
            over the dense network for each walk.
    """

    executed: int = 0
    naive: int = 0
    bound: int = 0

    def __add__(self, other: "ReplayCost") -> "ReplayCost":
        return ReplayCost(
            self.executed + other.executed, self.naive + other.naive, self.bound + other.bound
        )

    @property
    def share(self) -> float:
        """Executed per naive."""
        return self.executed / self.naive if self.naive else 0.0

    @property
    def overhead(self) -> float:
        """Executed over the bound, less 1."""
        return self.executed / self.bound - 1 if self.bound else 0.0
