"""Random: the honest floor that every criterion has to beat."""

import hashlib

import torch
from torch import Tensor

from analysis.criteria.base import Criterion
from analysis.criteria.evidence import Evidence


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return uniform numbers; they depend on the seed and the layer's name alone."""
    found = {}
    for name, weight in evidence.weights().items():
        digest = hashlib.sha256(f"{evidence.seed}:{name}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        found[name] = torch.rand(weight.shape, generator=generator).to(weight.device)
    return found


CRITERION = Criterion(
    name="random",
    title="Random",
    definition="A uniform random number per weight: the control that a criterion has to beat.",
    source="Control; see Frankle et al. 2021 (arXiv 2009.08576).",
    needs="weights",
    weights=score,
    seeded=True,
)
