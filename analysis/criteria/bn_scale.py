"""Batch-norm scale: channels with a small batch-norm scale matter least."""

from torch import Tensor

from prunescope.criteria.criterion import Criterion, Model
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import norm_scales, parameters, summed


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the sum of ``|scale|`` over its batch norms.

    Groups without a batch norm are left out: there is nothing to read.
    """
    scales = norm_scales(evidence.network)
    scores = {}
    for group in evidence.groups:
        members = [m for m in parameters(group) if m.parameter in scales]
        if members:
            sizes = {
                name: scale.abs()
                for name, scale in evidence.parameters(m.parameter for m in members).items()
            }
            scores[group.name] = summed(group, sizes, members)
    return scores


def without_norms(model: Model) -> str | None:
    """Return why ``model`` cannot use the criterion, or None."""
    return None if norm_scales(model.network) else "this model has no batch norm with a scale"


CRITERION = Criterion(
    name="bn-scale",
    title="Batch-norm scale",
    definition="Σ|γ| over the batch norms of the group.",
    source="Liu et al. 2017 (arXiv 1708.06519), section 3; without the sparsity training.",
    needs="weights",
    units=unit_score,
    unit_definition="Σ|γ| over the batch norms of the group; only for groups that have one.",
    unusable=without_norms,
)
