"""Optimal brain surgeon for units: the order that costs the readers' outputs least, refitted."""

import torch
from torch import Tensor

from prunescope.coupling import Group, Member
from prunescope.criteria.criterion import Criterion, without_graph
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.removal_order import Reader, ReaderBlock, removal_order
from prunescope.criteria.unit_scores import parameters
from prunescope.moments.second_moments import DenseMoments, blocks, dense_moments
from prunescope.moments.weight_operators import Site


def unit_score(evidence: Evidence) -> dict[str, Tensor]:
    """Return per group ``(units,)``: how many units leave before each one, greedily.

    Groups that no layer reads which multiplies by a matrix (``moments.weight_operators``) are left
    out; so are all where the network has no graph.
    """
    network = evidence.network
    if network.captured is None:
        return {}
    moments = dense_moments(network, evidence.calibration)
    scores = {}
    for group in evidence.groups:
        if readers := readers_of(group, moments):
            order = removal_order(readers, group.units)
            score = torch.empty(group.units, dtype=torch.float64)
            score[order] = torch.arange(group.units, dtype=torch.float64)
            scores[group.name] = score
    return scores


def readers_of(group: Group, moments: DenseMoments) -> list[Reader]:
    """Return what multiplies the activations of ``group``, with the moments of its inputs."""
    readers = []
    for member in parameters(group):
        if member.role == "consumer":
            sites = [site for site in moments.sites.values() if site.parameter == member.parameter]
            readers += [_reader(site, member, moments) for site in sites]
    return [reader for reader in readers if reader]


def _reader(site: Site, member: Member, moments: DenseMoments) -> Reader:
    """The blocks of ``site`` that read a unit; none where a unit owns no whole column."""
    unit_of = _units(site, member, tuple(moments.weight(site).shape))
    if unit_of is None:
        return ()
    matrix, reader = moments.matrix(site), []
    for part, grams in zip(blocks(site.width), moments.about_offset(site), strict=True):
        for number, gram in enumerate(grams):
            if bool((unit_of[number, part] >= 0).any()):
                reader.append(ReaderBlock(matrix[number][:, part], gram, unit_of[number, part]))
    return tuple(reader)


def _units(site: Site, member: Member, shape: tuple[int, ...]) -> Tensor | None:
    """Of each input ``(groups, inputs)`` the unit that owns it, or -1."""
    owners = torch.full((shape[member.dimension],), -1)
    for unit, rows in enumerate(member.indices):
        owners[torch.as_tensor(rows)] = unit
    position = torch.unravel_index(site.entries, shape)[member.dimension]
    unit_of = owners[position]
    same = bool((unit_of == unit_of[:, :1]).all()) and bool((unit_of >= 0).any())
    return unit_of[:, 0] if same else None


CRITERION = Criterion(
    name="obs",
    title="Optimal brain surgeon",
    definition="The unit whose removal costs its readers' outputs least after a refit leaves next.",
    source=(
        "Hassibi & Stork 1993; for units Kurtic et al. 2023 (arXiv 2302.04089), section 3.1. Here "
        "over all readers of a group."
    ),
    needs="inputs",
    units=unit_score,
    unusable=without_graph,
    unit_definition=(
        "The place in the order in which units leave, each time the one of least "
        "Σ tr(W_B ([H⁻¹]_BB)⁻¹ W_Bᵀ) over its readers, H the second moments of their inputs."
    ),
)
