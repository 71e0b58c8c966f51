"""FPGM: a unit whose producing weights lie near the others' can be replaced by them."""

import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import parameters


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: the sum of Euclidean distances to all other units.

    A unit is the vector of all producing weights (not their absolute values) that it owns.
    """
    scores = {}
    for group in evidence.groups:
        producers = [m for m in parameters(group) if m.role == "producer"]
        rows = []
        for member in producers or parameters(group):
            weight = evidence.parameters([member.parameter])[member.parameter].double().cpu()
            flat = weight.movedim(member.dimension, 0).reshape(weight.shape[member.dimension], -1)
            rows.append(torch.stack([flat[torch.as_tensor(i)].flatten() for i in member.indices]))
        vectors = torch.cat(rows, 1)
        scores[group.name] = torch.cdist(vectors, vectors).sum(1)
    return scores


CRITERION = Criterion(
    name="fpgm",
    title="Geometric median (FPGM)",
    definition="Σ over other units of ‖w − w'‖₂, on the producing weights themselves.",
    source="He et al. 2019 (arXiv 1811.00250), equation 5.",
    needs="weights",
    units=unit_score,
    unit_definition="Σ over other units of ‖w − w'‖₂, on the producing weights themselves.",
)
