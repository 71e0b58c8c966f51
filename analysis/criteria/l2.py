"""L2: the Euclidean norm of everything that leaves with a unit."""

from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import names, parameters, summed


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the square root of the sum of ``w^2`` over all members."""
    squares = {name: w.square() for name, w in evidence.parameters(names(evidence.groups)).items()}
    return {
        group.name: summed(group, squares, parameters(group)).sqrt() for group in evidence.groups
    }


CRITERION = Criterion(
    name="l2",
    title="L2 norm",
    definition="(Σ w²)^½ over all weights that leave with the unit, in every coupled layer.",
    source="He et al. 2018 (arXiv 1808.06866), section 3.2; here over the whole group.",
    needs="weights",
    units=unit_score,
    unit_definition="(Σ w²)^½ over all weights that leave with the unit, in every coupled layer.",
)
