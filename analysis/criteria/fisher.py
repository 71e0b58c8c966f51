"""Diagonal Fisher: the second-order estimate of what removing a weight does to the loss."""

import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion, without_loss
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import mean_squared_gates, names


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return ``w^2 / 2 * mean over samples of g_n^2``, ``g_n`` the gradient of one sample's loss.

    Gradients of single samples: the square of a batch's mean gradient is not the Fisher.
    """
    weights = evidence.weights()
    totals = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    samples = 0
    for gradients in evidence.sample_gradients():
        samples += 1
        for name, gradient in gradients.items():
            totals[name] += gradient.square()
    return {name: weights[name].square() * total / (2 * samples) for name, total in totals.items()}


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: half the mean over samples of the squared gate gradient."""
    parameter_names = names(evidence.groups)
    weights, gradients = (
        evidence.parameters(parameter_names),
        evidence.sample_gradients(parameter_names),
    )
    means = mean_squared_gates(evidence.groups, weights, gradients)
    return {name: mean / 2 for name, mean in means.items()}


CRITERION = Criterion(
    name="fisher",
    title="Fisher, diagonal",
    definition="½ w² · mean of g², g the gradient of a single sample's loss.",
    source=(
        "Theis et al. 2018 (arXiv 1801.05787), section 2.1; units: Liu et al. 2021 "
        "(arXiv 2108.00708)."
    ),
    needs="labels",
    unusable=without_loss,
    weights=score,
    units=unit_score,
    unit_definition="½ mean over single samples of (∂L/∂z)², z a gate of 1 on the unit.",
)
