"""Random scores: the baseline that every criterion has to beat."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return uniform numbers; they depend on the seed and the layer's name alone."""
    return {
        name: uniform(evidence.seed, name, weight.shape).to(weight.device)
        for name, weight in evidence.weights().items()
    }


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return a uniform number per unit; it depends on the seed and the group's name alone."""
    return {
        group.name: uniform(evidence.seed, f"group {group.name}", (group.units,))
        for group in evidence.groups
    }


def uniform(seed: int, name: str, shape: Sequence[int]) -> Tensor:
    """Return uniform numbers, 0 to 1, that depend on ``seed``, ``name`` and ``shape`` alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
    return torch.rand(*shape, generator=generator)


CRITERION = Criterion(
    name="random",
    title="Random",
    definition="A uniform random number per weight: the control that a criterion has to beat.",
    source="Control; see Frankle et al. 2021 (arXiv 2009.08576).",
    needs="weights",
    weights=score,
    units=unit_score,
    unit_definition="A uniform random number per unit: the control, best drawn with several seeds.",
    seeded=True,
)
