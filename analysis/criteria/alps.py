"""ALPS: which weights stay, chosen together with what the others become."""

import torch
from torch import Tensor

from prunescope.criteria import wanda
from prunescope.criteria.alternating import Matrix, leaving_order
from prunescope.criteria.criterion import Criterion, without_graph
from prunescope.criteria.evidence import Evidence
from prunescope.moments.second_moments import DenseMoments, blocks, dense_moments
from prunescope.moments.weight_operators import Site


def score(evidence: Evidence) -> dict[str, Tensor]:
    """Return, shaped like each weight, the place at which weights leave, lowest first.

    A parameter whose entries do not each stand in exactly one matrix (``moments.weight_operators``)
    is scored by ``|w| * ||x||``, as Wanda does: tables, recurrent layers, weights read twice.
    """
    network = evidence.network
    if network.captured is None:
        return {}
    moments = dense_moments(network, evidence.calibration)
    scores, left = {}, set()
    for name, weight in evidence.weights().items():
        sites = [site for site in moments.sites.values() if site.parameter == name]
        if _each_once(sites, weight.numel()):
            flat = torch.empty(weight.numel(), dtype=torch.float64)
            _fill(flat, sites, moments)
            scores[name] = flat.reshape(weight.shape)
        else:
            left.add(name)
    if left:
        scores |= {name: own for name, own in wanda.score(evidence).items() if name in left}
    return scores


def _each_once(sites: list[Site], entries: int) -> bool:
    if sum(site.entries.numel() for site in sites) != entries:
        return False
    seen = torch.zeros(entries, dtype=torch.bool)
    for site in sites:
        seen[site.entries.flatten()] = True
    return bool(seen.all())


def _fill(flat: Tensor, sites: list[Site], moments: DenseMoments) -> None:
    """Write the order of all ``sites`` of a parameter into its flat entries."""
    places, matrices = [], []
    for site in sites:
        weight = moments.matrix(site)
        for part, gram in zip(blocks(site.width), moments.about_offset(site), strict=True):
            places.append(site.entries[:, :, part])
            matrices.append(Matrix(weight[:, :, part], gram))
    for place, order in zip(places, leaving_order(matrices), strict=True):
        flat[place] = order


CRITERION = Criterion(
    name="alps",
    title="ALPS",
    definition=(
        "The weights stay that, refitted, keep the layer's outputs best: chosen by alternating "
        "directions at nine sparsities after each other, one order for all."
    ),
    source=(
        "Meng et al. 2024 (arXiv 2406.07831), section 3; above 2,000 inputs the price of single "
        "weights, w²/[H⁻¹], of Frantar & Alistarh 2023 (arXiv 2301.00774)."
    ),
    needs="inputs",
    weights=score,
    unusable=without_graph,
)
