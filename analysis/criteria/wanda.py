"""Wanda: weights times the norm of the activations that they multiply."""

from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return ``|w_ij| * ||x_j||``, the norm over calibration samples and positions."""
    weights, squares = evidence.weights(), evidence.squared_inputs()
    return {name: weight.abs() * squares[name].sqrt() for name, weight in weights.items()}


CRITERION = Criterion(
    name="wanda",
    title="Wanda",
    definition="|w|·‖x‖₂ with x the input that the weight multiplies; compared within each row.",
    source="Sun et al. 2023 (arXiv 2306.11695), equation 1; exact counts instead of <=.",
    needs="inputs",
    weights=score,
    per_row=True,
)
