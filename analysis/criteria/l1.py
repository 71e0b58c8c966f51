"""L1: the sum of absolute weights of everything that leaves with a unit."""

from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import names, parameters, summed


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the sum of ``|w|`` over all members."""
    sizes = {name: w.abs() for name, w in evidence.parameters(names(evidence.groups)).items()}
    return {group.name: summed(group, sizes, parameters(group)) for group in evidence.groups}


CRITERION = Criterion(
    name="l1",
    title="L1 norm",
    definition="Σ|w| over all weights that leave with the unit, in every coupled layer.",
    source="Li et al. 2017 (arXiv 1608.08710), section 3.1; here over the whole group.",
    needs="weights",
    units=unit_score,
    unit_definition="Σ|w| over all weights that leave with the unit, in every coupled layer.",
)
