"""Least squares in forward order: each layer also corrects the errors of those before it.

This is what recoveries ``ls`` and ``refit`` do, to a plan of many subjects and to a curve's point
alike; ``refit`` fits what lies behind activations and sums.
"""

from typing import Any

import torch
from torch import Tensor, fx, nn

from prunescope.bench.device import on_host
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.functional import operator_name
from prunescope.coupling.operator_arguments import argument
from prunescope.moments.batch_walk import Lane
from prunescope.moments.second_moments import (
    DenseMoments,
    Moments,
    MomentSums,
    blocks,
)
from prunescope.moments.weight_operators import Site, find_sites, weight_readers
from prunescope.recovery.least_squares.dense_targets import (
    DenseTargets,
    dense_targets,
    refit_samples,
)
from prunescope.recovery.least_squares.differing_nodes import differing_nodes, live_nodes
from prunescope.recovery.least_squares.refit import (
    moments_of,
    refit_masked,
    require_sites,
    slice_tensor,
    supports,
)
from prunescope.recovery.least_squares.ridge import refit, refit_whole
from prunescope.recovery.least_squares.staying_targets import StayingTargets
from prunescope.recovery.least_squares.tails import Tail, tail_of
from prunescope.recovery.least_squares.through_activations import Rows, refit_through
from prunescope.removal.block_masks import divided
from prunescope.removal.selection import Selection as Removed


def refit_in_order(
    bench: Workbench, module: nn.Module, selection: PruningMasks, through: bool = False
) -> None:
    """Refit ``module``, in place, in forward order, towards the dense model's outputs.

    A masked layer whose inputs are still the dense ones is fitted from dense moments. Every layer
    whose inputs are not is fitted on the inputs that the pruned network gives it, with everything
    before it refitted already. The pruned network runs over the calibration inputs once, from the
    first node that differs; the dense side is shared by all refits of a bench.

    Args:
        bench: Its network is dense, or pruned by ``selection`` at the moment.
        module: The pruned graph; its weights, biases and running means are overwritten.
        selection: What was pruned.
        through: Whether layers are fitted through the sums and activations that follow them
            (recovery ``refit``), each on the pruned network's own inputs, instead of to their own
            dense outputs (``ls``).

    Raises:
        CannotPrune: No graph, or a layer that has no rule, by name.
    """
    moments = moments_of(bench)
    assert isinstance(module, fx.GraphModule)
    _RefitWalk(bench, module, selection, moments, through).run()


class _RefitWalk:
    """One pass over the pruned network."""

    def __init__(
        self,
        bench: Workbench,
        module: fx.GraphModule,
        selection: PruningMasks,
        moments: DenseMoments,
        through: bool,
    ) -> None:
        captured = bench.network.captured
        assert captured is not None
        self._through = through
        self._module = module
        self._masked = set(selection.masks)
        units, _ = divided(captured, selection.units)
        self._removed = Removed(captured, units) if units else None
        samples = refit_samples(bench, "refit" if through else "ls")
        self._targets: DenseTargets = dense_targets(bench, moments, samples)
        self._goals = StayingTargets(self._targets, self._removed)
        self._twins = {node.name: node for node in captured.module.graph.nodes}
        self._named = {node.name: node for node in module.graph.nodes}
        self._changed = differing_nodes(module, captured.module, self._targets.tensors)
        self._live = live_nodes(module)
        self._sites = _exclusive_sites(module)
        self._lane = Lane(module, self._targets.batches)
        self._prepare(bench, moments, selection)

    def _prepare(self, bench: Workbench, moments: DenseMoments, selection: PruningMasks) -> None:
        """Check the layers to refit, and refit those that need no walk, on dense inputs.

        These are masked layers that nothing pruned comes before, and weights that several
        operators read.
        """
        on_dense: dict[str, Tensor] = {}
        sites: list[Site] = []
        sources = {site.parameter: self._own(site.source) for site in self._sites.values()}
        staying = dict(self._module.named_parameters(remove_duplicate=False))
        for name, keep in supports(bench, selection).items():
            if name not in staying:  # left with a block
                continue
            readers = [site for site in moments.sites.values() if site.parameter == name]
            require_sites(bench, name, readers)
            walked = self._through or sources.get(name, False)
            first = name in self._masked and name in sources and not walked
            if len(readers) > 1 or (readers and first):
                on_dense[name] = keep
                sites += readers
        if len(selection.masks) + len(selection.units) > 1:
            moments.take(sites)  # a curve's points ask for all layers' moments sooner or later
        with torch.no_grad():
            for name, tensor in refit_masked(bench, moments, on_dense).items():
                if self._removed is not None:
                    tensor = slice_tensor(tensor, self._removed, name)
                _tensor(self._module, name).copy_(tensor)

    def _own(self, node: fx.Node) -> bool:
        """Whether ``node`` gives something else than in the dense network."""
        return node in self._changed

    def run(self) -> None:
        """Walk to the end."""
        nodes = list(self._module.graph.nodes)
        own = [n for n, node in enumerate(nodes) if node in self._live and self._own(node)]
        if not own:
            return
        first = own[0]
        before = set(nodes[:first]) & self._live
        twins = {
            source: self._twins[source.name]
            for node in nodes[first:]
            for source in node.all_input_nodes
            if source in before and source.op != "placeholder"
        }
        started = self._targets.start(twins.values())
        for number, node in enumerate(nodes):
            if node.op == "output":
                return
            if number == first:
                for values, dense in zip(self._lane.values, started, strict=True):
                    values |= {source: dense[twin] for source, twin in twins.items()}
            if number >= first or node not in self._live or node.op == "placeholder":
                twin = self._twins.get(node.name)
                if twin is not None and node in self._sites:
                    self._refit(self._sites[node], twin)
                self._lane.step(node)
            self._lane.forget(node)

    def _refit(self, site: Site, twin: fx.Node) -> None:
        masked = site.parameter in self._masked
        if not (self._own(site.source) or (self._through and masked)):
            return  # refitted from dense moments, or nothing that it computes has changed
        weight = self._module.get_parameter(site.parameter)
        start = on_host(weight).double().flatten()[site.entries]
        keep = start != 0 if masked else None
        if self._through:
            tail = tail_of(self._targets.sites[twin])
            rows, norm = self._rows(site, twin, tail), self._norm(tail)
            matrix, shift = refit_through(site, rows, tail, norm, start, keep)
        else:
            matrix, shift = _solve(site, self._moments(site, twin, start), start, keep)
        with torch.no_grad():
            new = on_host(weight).flatten().clone()
            new[site.entries.flatten()] = matrix.to(new.dtype).flatten()
            weight.copy_(new.reshape(weight.shape))
            if site.offset is not None and shift is not None:
                _tensor(self._module, site.offset).add_(site.sign * shift)
        for source in site.node.all_input_nodes:
            self._refresh(source)

    def _refresh(self, node: fx.Node) -> None:
        """Compute again what an operator reads of a weight through copies."""
        if node not in self._live and node.op in ("call_function", "get_attr"):
            for source in node.all_input_nodes:
                self._refresh(source)
            self._lane.step(node)

    def _moments(self, site: Site, twin: fx.Node, start: Tensor) -> Moments:
        """Moments of the pruned network's inputs with the residuals of its outputs."""
        sums = MomentSums(site)
        for values, (chosen, goal) in zip(self._lane.values, self._goals.of(twin), strict=True):
            inputs = _wide(site.inputs(values[site.source], chosen))
            matrix = start.to(inputs.dtype)
            outputs = torch.einsum("rgi,goi->rgo", inputs, matrix).flatten(1)
            bias = _bias(site, values)
            targets = goal.to(inputs.dtype) - outputs
            sums.add(inputs, targets if bias is None else targets - bias.to(inputs.dtype))
        return sums.done()

    def _rows(self, site: Site, twin: fx.Node, tail: Tail) -> list[Rows]:
        """The pruned network's inputs of a layer, the dense outputs, and what is added to both."""
        targets = self._goals.of(twin)
        own, others = None, [None] * len(targets)
        if tail.other is not None:
            own = self._named[tail.other.name]
            others = [goal for _, goal in self._goals.of(twin, tail.other)]  # type: ignore[misc]
        rows = []
        for values, (chosen, goal), other in zip(self._lane.values, targets, others, strict=True):
            inputs = _wide(site.inputs(values[site.source], chosen))
            added = None if own is None else _wide(site.outputs(values[own], chosen))
            dense = None if other is None else other.to(inputs.dtype)
            rows.append(Rows(inputs, goal.to(inputs.dtype), added, dense, _bias(site, values)))
        return rows

    def _norm(self, tail: Tail) -> tuple[Tensor, Tensor] | None:
        """What the pruned network's batch norm behind a layer multiplies by and adds."""
        if tail.norm is None:
            return None
        own = self._named[tail.norm.name]
        tensors = {
            node: self._lane.fetch_attr(str(node.target))
            for node in own.all_input_nodes if node.op == "get_attr"
        }  # fmt: skip
        return Tail(own).scale_and_shift(tensors)


def _solve(
    site: Site, moments: Moments, start: Tensor, keep: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """The refitted matrix, and the shift of the outputs that goes with it."""
    assert moments.cross is not None
    assert moments.target_mean is not None
    parts, centred = blocks(site.width), site.offset is not None
    mean, goal, cross = moments.mean, moments.target_mean, moments.cross
    if centred:
        cross = cross - goal.unsqueeze(2) * mean.unsqueeze(1)
    matrix = torch.zeros_like(start)
    for index, part in enumerate(parts):
        gram, own = moments.second[index], start[:, :, part]
        if centred:
            gram = gram - mean[:, part].unsqueeze(2) * mean[:, part].unsqueeze(1)
        right = cross[:, :, part] / len(parts) + own @ gram
        if keep is None:
            matrix[:, :, part] = refit_whole(gram, right, own)
            continue
        for group in range(len(start)):
            kept_inputs = keep[group][:, part]
            matrix[group][:, part] = refit(gram[group], right[group], own[group], kept_inputs)
    if not centred:
        return matrix, None
    moved = ((matrix - start) * mean.unsqueeze(1)).sum(2)
    return matrix, (goal - moved).flatten()


def _bias(site: Site, values: dict[fx.Node, Any]) -> Tensor | None:
    first = operator_name(site.node) == "addmm"
    bias = site.node.args[0] if first else argument(site.node, "bias")
    if isinstance(bias, fx.Node):
        bias_value = values[bias]
        return on_host(bias_value) if isinstance(bias_value, Tensor) else None
    return None


def _wide(value: Tensor) -> Tensor:
    """In main memory, in at least single precision."""
    host = on_host(value)
    return host if host.dtype == torch.float64 else host.float()


def _exclusive_sites(module: fx.GraphModule) -> dict[fx.Node, Site]:
    """The sites whose weight nothing else reads."""
    readers = weight_readers(module)
    sites = find_sites(module)
    return {node: site for node, site in sites.items() if readers[site.parameter] == {node}}


def _tensor(module: nn.Module, name: str) -> Tensor:
    buffers = dict(module.named_buffers())
    return buffers[name] if name in buffers else module.get_parameter(name)
