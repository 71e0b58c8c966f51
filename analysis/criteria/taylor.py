"""Taylor: the first-order estimate of what removing a weight does to the loss."""

import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion, without_loss
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import mean_squared_gates, names


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return the mean over batches of ``(g w)^2``, ``g`` the gradient of the batch's mean loss.

    Squared per batch: the mean gradient over all data tends to 0 on a converged network and
    would leave no signal.
    """
    weights = evidence.weights()
    totals = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    batches = 0
    for gradients in evidence.batch_gradients():
        batches += 1
        for name, gradient in gradients.items():
            totals[name] += (gradient * weights[name]).square()
    return {name: total / batches for name, total in totals.items()}


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the mean over batches of the squared gate gradient."""
    parameter_names = names(evidence.groups)
    weights, gradients = (
        evidence.parameters(parameter_names),
        evidence.batch_gradients(parameter_names),
    )
    return mean_squared_gates(evidence.groups, weights, gradients)


CRITERION = Criterion(
    name="taylor",
    title="Taylor, first order",
    definition="Mean over batches of (g·w)², g the gradient of the batch's loss.",
    source="Molchanov et al. 2019 (arXiv 1906.10771), equation 8 per weight; section 3.2 per gate.",
    needs="labels",
    unusable=without_loss,
    weights=score,
    units=unit_score,
    unit_definition=(
        "Mean over batches of (∂L/∂z)², z a gate of 1 on the unit where its readers read it."
    ),
)
