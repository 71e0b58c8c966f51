"""Activation norm: units whose activations are small on real data matter least."""

import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import per_unit, readers


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the L2 norm of its activations as its readers read them.

    ``(sum of x^2)^(1/2)`` over calibration samples and positions, per multiplying weight, averaged
    over the readers. Groups that no prunable weight reads are left out.
    """
    squares = evidence.squared_inputs()
    scores = {}
    for group in evidence.groups:
        members = [m for m in readers(group) if m.role == "consumer" and m.parameter in squares]
        if not members:
            continue
        total = torch.zeros(group.units, dtype=torch.float64)
        for member in members:
            seen = squares[member.parameter].double().cpu()
            others = seen.numel() // seen.shape[member.dimension]
            total += per_unit(seen, member) / others
        scores[group.name] = (total / len(members)).sqrt()
    return scores


CRITERION = Criterion(
    name="activation",
    title="Activation norm",
    definition="‖x‖₂ of the unit's activations where they are read, on calibration inputs.",
    source="Common practice; the input norm of Wanda (arXiv 2306.11695) per unit.",
    needs="inputs",
    units=unit_score,
    unit_definition="‖x‖₂ of the unit's activations where they are read, on calibration inputs.",
)
