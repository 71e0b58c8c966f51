"""Least squares: refit kept weights, and readers of removed units, towards the dense outputs.

Inputs only: no labels, no gradients. See ``ridge`` for the formula.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from prunescope.bench.device import on_host
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.functional import operator_name
from prunescope.capture.originals import originals
from prunescope.errors import CannotPrune
from prunescope.moments.second_moments import DenseMoments, blocks, dense_moments
from prunescope.moments.weight_operators import Site, repeats
from prunescope.recovery.least_squares.ridge import refit
from prunescope.removal.block_masks import divided
from prunescope.removal.selection import Selection as Removed
from prunescope.removal.selection import positions


def output_error(
    bench: Workbench, selection: PruningMasks, refitting: bool = False
) -> float | None:
    """Return how far the first outputs that change are from the dense ones, relatively.

    ``‖WX − ŴX‖² / ‖WX‖²`` from the dense second moments, the mean over the layers whose weights
    ``selection`` masks, or that read the units which it removes; no forward pass, no labels.

    Args:
        bench: Its network is dense, or pruned by ``selection`` at the moment.
        selection: Of one subject.
        refitting: Whether Ŵ are the refitted weights instead of the masked ones.

    Returns:
        0 where nothing changes; None where no layer reads what is removed.

    Raises:
        CannotPrune: No graph, or a layer that has no rule, by name.
    """
    dense = moments_of(bench)
    errors = []
    for name, keep in supports(bench, selection).items():
        weight = _dense(bench, name)
        sites = [site for site in dense.sites.values() if site.parameter == name]
        require_sites(bench, name, sites)
        for equal_sites in _by_entries(sites):
            start = weight.double().flatten()[equal_sites[0].entries]
            keep_matrix = keep.flatten()[equal_sites[0].entries]
            matrix, shift = start * keep_matrix, None
            if refitting and not bool(keep_matrix.all()):
                matrix, shift = _matrix(dense, equal_sites, weight, keep_matrix)
            errors.append(_relative(dense, equal_sites, start, matrix, shift is not None))
    return sum(errors) / len(errors) if errors else None


def moments_of(bench: Workbench) -> DenseMoments:
    """Return the bench's dense moments, which criteria share.

    Raises:
        CannotPrune: The network has no graph.
    """
    if bench.network.captured is None:
        raise CannotPrune(
            f"Expected a captured model for a refit, but {bench.network.problem} Use recovery "
            "none or bn."
        )
    return dense_moments(bench.network, bench.splits.calibration)


def _relative(
    dense: DenseMoments, equal_sites: list[Site], start: Tensor, matrix: Tensor, centred: bool
) -> float:
    """The relative error of the outputs that ``matrix`` gives in place of ``start``."""
    offset_part = changed = total = 0.0
    for site in equal_sites:
        moments = dense.of(site)
        moved = matrix - start
        for index, block in enumerate(blocks(site.width)):
            gram, part = moments.second[index], moved[:, :, block]
            changed += moments.rows * float((part @ gram * part).sum())
            part = start[:, :, block]
            total += moments.rows * float((part @ gram * part).sum())
        if centred:  # the offset takes the mean difference away
            offset_part += moments.rows * float((moved @ moments.mean.unsqueeze(2)).square().sum())
    return max(changed - offset_part, 0.0) / total if total > 0 else 0.0


def supports(bench: Workbench, selection: PruningMasks) -> dict[str, Tensor]:
    """Return per parameter the bool mask (shaped as in the dense model) of the weights to refit.

    For masked layers it is their mask; for readers of removed units, the inputs that are kept.
    """
    supports_by_parameter = dict(selection.masks)
    if not selection.units:
        return supports_by_parameter
    assert bench.network.captured is not None
    units, _ = divided(bench.network.captured, selection.units)
    removed = Removed(bench.network.captured, units)
    for name in units:
        for member in removed.coupling.group(name).members:
            if member.role == "consumer" and not member.buffer:
                keep = supports_by_parameter.get(member.parameter)
                if keep is None:
                    keep = torch.ones(_dense(bench, member.parameter).shape, dtype=torch.bool)
                supports_by_parameter[member.parameter] = keep & _columns(
                    removed, member.parameter, member.dimension
                )
    return supports_by_parameter


def refit_masked(
    bench: Workbench, dense: DenseMoments, masks: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the dense-shaped tensors that refitting the layers of ``masks`` changes."""
    tensors: dict[str, Tensor] = {}
    for name, keep in masks.items():
        if bool(keep.all()):
            continue
        weight = _dense(bench, name)
        sites = [site for site in dense.sites.values() if site.parameter == name]
        require_sites(bench, name, sites)
        new = weight.double().flatten() * keep.flatten()
        for equal_sites in _by_entries(sites):
            entries = equal_sites[0].entries
            keep_matrix = keep.flatten()[entries]
            matrix, shift = _matrix(dense, equal_sites, weight, keep_matrix)
            new[entries.flatten()] = matrix.flatten()
            for site in equal_sites:
                if site.offset is not None and shift is not None:
                    offset = _dense(bench, site.offset)
                    base = tensors.get(site.offset, offset).double()
                    tensors[site.offset] = (base + site.sign * shift).to(offset.dtype)
        tensors[name] = new.to(weight.dtype).reshape(weight.shape)
    return tensors


def _matrix(
    dense: DenseMoments, equal_sites: list[Site], weight: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor | None]:
    """The refitted matrix ``(groups, outputs, inputs)`` of sites that read the same entries."""
    start = weight.double().flatten()[equal_sites[0].entries]
    moments = [dense.of(site) for site in equal_sites]
    rows = sum(site_moments.rows for site_moments in moments)
    shares = [site_moments.rows / max(rows, 1) for site_moments in moments]
    centred = len(equal_sites) == 1 and equal_sites[0].offset is not None
    mean = moments[0].mean
    matrix = torch.zeros_like(start)
    for index, block in enumerate(blocks(equal_sites[0].width)):
        for group in range(len(start)):
            gram = sum(
                (
                    share * site_moments.second[index][group]
                    for share, site_moments in zip(shares, moments, strict=True)
                ),
                torch.zeros(()),
            )
            if centred:
                part = mean[group, block]
                gram = gram - torch.outer(part, part)
            own = start[group][:, block]
            matrix[group][:, block] = refit(gram, own @ gram, own, keep[group][:, block])
    if not centred:
        return matrix, None
    shift = ((start - matrix) * mean.unsqueeze(1)).sum(2)
    return matrix, shift.flatten()


def require_sites(bench: Workbench, parameter: str, sites: list[Site]) -> None:
    """Raise ``CannotPrune`` unless ``sites`` are all that reads ``parameter``.

    Embedding tables pass without a site: each entry is read alone, so the kept entries of a row
    cannot compensate for the removed ones.
    """
    layer = next(
        (summary for summary in bench.network.layers if summary.parameter == parameter), None
    )
    readers = set() if layer is None else set(layer.nodes)
    others = readers - {site.node for site in sites}
    kinds = {operator_name(node) for node in others}
    looked_up = not sites and kinds <= {"embedding", "embedding_bag"}
    if readers and looked_up:
        return
    if not sites or others:
        kind = ", ".join(sorted(kinds)) or "no operator"
        name = parameter if layer is None else layer.name
        raise CannotPrune(
            f"Expected layers that can be refitted, but {name} is read by {kind} in a way "
            "that it has no rule for. Use recovery none or bn, or leave this layer dense."
        )


def _by_entries(sites: list[Site]) -> list[list[Site]]:
    """Sites that read the same entries of a parameter, together.

    Raises:
        CannotPrune: Some read parts of what others read.
    """
    site_sets: list[list[Site]] = []
    for site in sites:
        same = [e for e in site_sets if torch.equal(e[0].entries, site.entries)]
        if same:
            same[0].append(site)
        else:
            site_sets.append([site])
    read = (
        torch.cat([site_set[0].entries.flatten() for site_set in site_sets])
        if site_sets
        else torch.zeros(0)
    )
    if repeats(read):
        raise CannotPrune(
            f"Expected parts of {sites[0].parameter} that do not overlap for a refit, but "
            "several operators read overlapping ones. Use recovery none or bn."
        )
    return site_sets


def _dense(bench: Workbench, name: str) -> Tensor:
    """The dense tensor, whatever is masked at the moment."""
    module = bench.network.module
    tensor = originals(module).get(name)
    if tensor is None:
        tensor = dict(module.named_buffers()).get(name)
    return on_host(module.get_parameter(name) if tensor is None else tensor)


def _columns(removed: Removed, parameter: str, dimension: int) -> Tensor:
    """What stays along one dimension of a parameter, shaped to broadcast over it."""
    dims = removed.coupling.walk.parameters[parameter]
    keep = torch.from_numpy(removed.keep(dims[dimension]))
    return keep.reshape([-1 if axis == dimension else 1 for axis in range(len(dims))])


def slice_tensor(tensor: Tensor, removed: Removed, name: str) -> Tensor:
    """Return a dense-shaped tensor as the smaller network holds it."""
    for axis, dim in enumerate(removed.coupling.walk.parameters[name]):
        if removed.touches(dim):
            tensor = tensor.index_select(axis, positions(removed.keep(dim)))
    return tensor
