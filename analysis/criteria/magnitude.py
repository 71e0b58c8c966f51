"""Magnitude: small weights matter least."""

from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return ``|w|`` for every weight."""
    return {name: weight.abs() for name, weight in evidence.weights().items()}


CRITERION = Criterion(
    name="magnitude",
    title="Magnitude",
    definition="|w|: the smallest weights leave first.",
    source="Han et al. 2015 (arXiv 1506.02626), section 3.",
    needs="weights",
    weights=score,
)
