"""One row per curve: the largest sparsity within a limit, found without measuring the grid."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

LARGEST_KEY: Final = (
    "fingerprint", "version", "subject", "criterion", "granularity", "recovery", "seed", "limit",
    "made",
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
        made: When, in seconds since 1970: a later search, of another grid say, replaces an earlier
            one's estimate.
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
    made: float
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


def newest_answers(rows: Iterable[LargestSparsity]) -> tuple[LargestSparsity, ...]:
    """Return one answer for each curve and limit: the newest estimate, the best certificate.

    What was certain stays so, whichever search proved it.
    """
    answers: dict[tuple[str | int | float, ...], LargestSparsity] = {}
    for row in sorted(rows, key=lambda row: row.made):
        curve = row.key[:-1]
        answers[curve] = _with_better_certificate(row, answers.get(curve))
    return tuple(sorted(answers.values(), key=lambda row: row.key))


def _with_better_certificate(
    row: LargestSparsity, before: LargestSparsity | None
) -> LargestSparsity:
    if before is None or math.isnan(before.certified):
        return row
    if not math.isnan(row.certified) and row.certified >= before.certified:
        return row
    return replace(row, certified=before.certified, certified_samples=before.certified_samples)
