"""One row per curve: the largest sparsity within a limit, found without measuring the grid."""

from dataclasses import dataclass
from typing import Final

LARGEST_KEY: Final = (
    "fingerprint", "version", "subject", "criterion", "granularity", "recovery", "seed", "limit",
    "certify",
)  # fmt: skip


@dataclass(frozen=True)
class LargestSparsity:
    """How far a layer or group can be pruned within a limit.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        subject: Layer or group name.
        criterion: Name of the criterion.
        granularity: ``weight``, ``channel``, ``head`` or ``n:m``.
        recovery: As asked.
        seed: Of whatever is random.
        limit: The accepted mean drop, absolute (0.02 is two points of accuracy).
        certify: Whether a certificate was asked for.
        sparsity: The largest one of the grid up to which the drop is within the limit, as
            estimated; 0 where the smallest is past it.
        following: The next one of the grid, estimated to be past the limit; NaN at the end.
        drop: Estimated mean drop at ``sparsity`` over the validation split; 0 for 0.
        half_width: Of its 95 % interval, all looks together.
        samples: That it saw.
        population: Samples there are.
        certified: The largest sparsity whose whole interval lies within the limit; 0 for none, NaN
            where none was asked for.
        certified_samples: That this took.
    """

    fingerprint: str
    version: int
    subject: str
    criterion: str
    granularity: str
    recovery: str
    seed: int
    limit: float
    certify: bool
    sparsity: float
    following: float
    drop: float
    half_width: float
    samples: int
    population: int
    certified: float
    certified_samples: int

    @property
    def key(self) -> tuple[str | int | float, ...]:
        """Its values of ``LARGEST_KEY``."""
        return tuple(getattr(self, name) for name in LARGEST_KEY)
