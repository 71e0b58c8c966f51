"""Least squares: survivors, and readers of removed units, give the dense outputs again.

Inputs only: no labels, no gradients. See ``solve`` for the formula.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from prunescope.bench.device import on_host
from prunescope.bench.pruned import PruningMasks, originals
from prunescope.bench.workbench import Workbench
from prunescope.capture.functional import operator_name
from prunescope.errors import CannotPrune
from prunescope.recovery.least_squares.moments import DenseMoments, blocks, dense_moments
from prunescope.recovery.least_squares.ridge import refit
from prunescope.recovery.least_squares.sites import Site, repeats
from prunescope.removal.selection import Selection as Removed
from prunescope.removal.selection import positions


def refitted(bench: Workbench, selection: PruningMasks) -> dict[str, Tensor]:
    """Return the tensors that least squares changes when one subject is pruned, the rest dense.

    A layer with a mask: its survivors. A group with removed units: every layer that reads them.
    Targets and inputs come from the dense model's second moments, which are taken once and shared
    by all sparsities and methods: no forward pass here. The readers' inputs are taken to be the
    dense ones without the removed units. That is exact where nothing lies between but what acts
    on each channel alone; where a norm runs over the units, or one reader feeds another (a
    residual stream, squeeze and excite), it is an approximation.

    Args:
        bench: Its network is dense, or pruned by ``selection`` at the moment.
        selection: Of one subject.

    Returns:
        Dotted name of a parameter or buffer → its new value, shaped as in the pruned network:
        weights, and what shifts their outputs (a bias, or the running mean of the batch norm
        behind).

    Raises:
        CannotPrune: No graph, or a layer that has no rule, by name.
    """
    dense = dense_moments(bench)
    found = solved(bench, dense, supports(bench, selection))
    if not selection.units:
        return found
    assert bench.network.captured is not None
    removed = Removed(bench.network.captured, selection.units)
    return {name: sliced(tensor, removed, name) for name, tensor in found.items()}


def output_error(
    bench: Workbench, selection: PruningMasks, refitting: bool = False
) -> float | None:
    """Return how far the first outputs that change are from the dense ones, relatively.

    ``‖WX − ŴX‖² / ‖WX‖²`` from the dense second moments, the mean over the layers whose weights
    ``selection`` masks, or that read the units which it removes; no forward pass, no labels.

    Args:
        bench: As for ``refitted``.
        selection: Of one subject.
        refitting: Whether Ŵ are the refitted weights instead of the masked ones.

    Returns:
        0 where nothing changes; None where no layer reads what is removed.

    Raises:
        CannotPrune: No graph, or a layer that has no rule, by name.
    """
    dense = dense_moments(bench)
    found = []
    for name, keep in supports(bench, selection).items():
        weight = _dense(bench, name)
        sites = [site for site in dense.sites.values() if site.parameter == name]
        require_sites(bench, name, sites)
        for alike in _by_entries(sites):
            start = weight.double().flatten()[alike[0].entries]
            kept = keep.flatten()[alike[0].entries]
            matrix, shift = start * kept, None
            if refitting and not bool(kept.all()):
                matrix, shift = _matrix(dense, alike, weight, kept)
            found.append(_relative(dense, alike, start, matrix, shift is not None))
    return sum(found) / len(found) if found else None


def _relative(
    dense: DenseMoments, alike: list[Site], start: Tensor, matrix: Tensor, centred: bool
) -> float:
    """The relative error of the outputs that ``matrix`` gives in place of ``start``."""
    gone = changed = whole = 0.0
    for site in alike:
        known = dense.of(site)
        moved = matrix - start
        for place, block in enumerate(blocks(site.width)):
            gram, part = known.second[place], moved[:, :, block]
            changed += known.rows * float((part @ gram * part).sum())
            part = start[:, :, block]
            whole += known.rows * float((part @ gram * part).sum())
        if centred:  # the offset takes the mean difference away
            gone += known.rows * float((moved @ known.mean.unsqueeze(2)).square().sum())
    return max(changed - gone, 0.0) / whole if whole > 0 else 0.0


def supports(bench: Workbench, selection: PruningMasks) -> dict[str, Tensor]:
    """Return by parameter, shaped as in the dense model, which weights are left to refit.

    The masks, and for every layer that reads removed units the inputs that stay.
    """
    found = dict(selection.masks)
    if not selection.units:
        return found
    assert bench.network.captured is not None
    removed = Removed(bench.network.captured, selection.units)
    for name in selection.units:
        for member in removed.coupling.group(name).members:
            if member.role == "consumer" and not member.buffer:
                keep = found.get(member.parameter)
                if keep is None:
                    keep = torch.ones(_dense(bench, member.parameter).shape, dtype=torch.bool)
                found[member.parameter] = keep & _columns(
                    removed, member.parameter, member.dimension
                )
    return found


def solved(bench: Workbench, dense: DenseMoments, masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the dense-shaped tensors that refitting the layers of ``masks`` changes."""
    found: dict[str, Tensor] = {}
    for name, keep in masks.items():
        if bool(keep.all()):
            continue
        weight = _dense(bench, name)
        sites = [site for site in dense.sites.values() if site.parameter == name]
        require_sites(bench, name, sites)
        new = weight.double().flatten() * keep.flatten()
        for alike in _by_entries(sites):
            entries = alike[0].entries
            kept = keep.flatten()[entries]
            matrix, shift = _matrix(dense, alike, weight, kept)
            new[entries.flatten()] = matrix.flatten()
            for site in alike:
                if site.offset is not None and shift is not None:
                    offset = _dense(bench, site.offset)
                    base = found.get(site.offset, offset).double()
                    found[site.offset] = (base + site.sign * shift).to(offset.dtype)
        found[name] = new.to(weight.dtype).reshape(weight.shape)
    return found


def _matrix(
    dense: DenseMoments, alike: list[Site], weight: Tensor, kept: Tensor
) -> tuple[Tensor, Tensor | None]:
    """The refitted matrix ``(groups, outputs, inputs)`` of sites that read the same entries."""
    start = weight.double().flatten()[alike[0].entries]
    known = [dense.of(site) for site in alike]
    rows = sum(each.rows for each in known)
    shares = [each.rows / max(rows, 1) for each in known]
    centred = len(alike) == 1 and alike[0].offset is not None
    mean = known[0].mean
    found = torch.zeros_like(start)
    for place, block in enumerate(blocks(alike[0].width)):
        for group in range(len(start)):
            gram = sum(
                (
                    share * each.second[place][group]
                    for share, each in zip(shares, known, strict=True)
                ),
                torch.zeros(()),
            )
            if centred:
                part = mean[group, block]
                gram = gram - torch.outer(part, part)
            own = start[group][:, block]
            found[group][:, block] = refit(gram, own @ gram, own, kept[group][:, block])
    if not centred:
        return found, None
    shift = ((start - found) * mean.unsqueeze(1)).sum(2)
    return found, shift.flatten()


def require_sites(bench: Workbench, parameter: str, sites: list[Site]) -> None:
    """Raise ``CannotPrune`` unless ``sites`` are all that reads ``parameter``.

    Tables that are only looked up pass without a site: an entry is read alone, so what is left
    of a row cannot make up for what is gone.
    """
    layer = next((each for each in bench.network.layers if each.parameter == parameter), None)
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
            f"Expected layers that recovery ls can refit, but {name} is read by {kind} in a way "
            "that it has no rule for. Use recovery none or bn, or leave this layer dense."
        )


def _by_entries(sites: list[Site]) -> list[list[Site]]:
    """Sites that read the same entries of a parameter, together.

    Raises:
        CannotPrune: Some read parts of what others read.
    """
    found: list[list[Site]] = []
    for site in sites:
        same = [e for e in found if torch.equal(e[0].entries, site.entries)]
        if same:
            same[0].append(site)
        else:
            found.append([site])
    read = torch.cat([each[0].entries.flatten() for each in found]) if found else torch.zeros(0)
    if repeats(read):
        raise CannotPrune(
            f"Expected parts of {sites[0].parameter} that do not overlap for recovery ls, but "
            "several operators read overlapping ones. Use recovery none or bn."
        )
    return found


def _dense(bench: Workbench, name: str) -> Tensor:
    """The dense tensor, whatever is masked at the moment."""
    module = bench.network.module
    known = originals(module).get(name)
    if known is None:
        known = dict(module.named_buffers()).get(name)
    return on_host(module.get_parameter(name) if known is None else known)


def _columns(removed: Removed, parameter: str, dimension: int) -> Tensor:
    """What stays along one dimension of a parameter, shaped to broadcast over it."""
    dims = removed.coupling.walk.parameters[parameter]
    keep = torch.from_numpy(removed.keep(dims[dimension]))
    return keep.reshape([-1 if place == dimension else 1 for place in range(len(dims))])


def sliced(tensor: Tensor, removed: Removed, name: str) -> Tensor:
    """Return a dense-shaped tensor as the smaller network holds it."""
    for place, dim in enumerate(removed.coupling.walk.parameters[name]):
        if removed.touches(dim):
            tensor = tensor.index_select(place, positions(removed.keep(dim)))
    return tensor
