"""Least squares for a whole plan, layer by layer: each layer also corrects the errors before it."""

from typing import Any, Final

import torch
from torch import Tensor, fx, nn

from prunescope.bench.device import on_host
from prunescope.bench.pruned import PruningMasks, originals
from prunescope.bench.workbench import Workbench
from prunescope.capture.functional import operator_name
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.walk import first_names
from prunescope.recovery.least_squares.batch_walk import Lane
from prunescope.recovery.least_squares.refit import (
    refit_masked,
    require_sites,
    slice_tensor,
    supports,
)
from prunescope.recovery.least_squares.ridge import refit
from prunescope.recovery.least_squares.second_moments import (
    SAMPLES,
    DenseMoments,
    Moments,
    MomentSums,
    batches,
    blocks,
    dense_moments,
    draw,
)
from prunescope.recovery.least_squares.weight_operators import Site, find_sites, weight_readers
from prunescope.removal.selection import Selection as Removed

ROOM: Final = 1 << 30
"""Bytes of activations that the dense and the pruned walk may hold together."""
FEWEST: Final = 32


def refit_in_order(bench: Workbench, module: nn.Module, selection: PruningMasks) -> None:
    """Refit ``module``, in place, in forward order, towards the dense model's outputs.

    Every layer whose weights are masked or cut, or whose inputs are no longer the dense ones, is
    fitted on the inputs that the pruned network gives it, with everything before it refitted
    already. Both networks walk side by side over the calibration inputs, once.

    Args:
        bench: Its network is dense, or pruned by ``selection`` at the moment.
        module: The pruned graph; its weights, biases and running means are overwritten.
        selection: What was pruned.

    Raises:
        CannotPrune: No graph, or a layer that has no rule, by name.
    """
    moments = dense_moments(bench)
    assert isinstance(module, fx.GraphModule)
    _RefitWalk(bench, module, selection, moments).run()


class _RefitWalk:
    """The dense and the pruned network, side by side."""

    def __init__(
        self,
        bench: Workbench,
        module: fx.GraphModule,
        selection: PruningMasks,
        moments: DenseMoments,
    ) -> None:
        captured = bench.network.captured
        assert captured is not None
        self._module = module
        self._names = first_names(module)
        self._sites = find_sites(module)
        self._masked = set(selection.masks)
        self._removed = Removed(captured, selection.units) if selection.units else None
        used = batches(bench.splits.calibration, _samples(bench))
        self._dense_graph = captured.module.graph
        self._dense = Lane(captured.module, used, _snapshot(captured.module))
        self._pruned = Lane(module, used)
        self._changed: set[fx.Node] = set()
        self._twins = {node.name: node for node in captured.module.graph.nodes}
        self._exclusive = _exclusive_sites(self._sites, module)
        self._prepare(bench, moments, selection)

    def _prepare(self, bench: Workbench, moments: DenseMoments, selection: PruningMasks) -> None:
        """Check the layers to refit. Weights that several operators read are refitted here, on
        dense inputs.
        """
        shared = {}
        for name, keep in supports(bench, selection).items():
            sites = [site for site in moments.sites.values() if site.parameter == name]
            require_sites(bench, name, sites)
            if len(sites) > 1:
                shared[name] = keep
        with torch.no_grad():
            for name, tensor in refit_masked(bench, moments, shared).items():
                if self._removed is not None:
                    tensor = slice_tensor(tensor, self._removed, name)
                _tensor(self._module, name).copy_(tensor)

    def run(self) -> None:
        """Walk to the end."""
        ahead = iter(self._dense_graph.nodes)
        done: set[fx.Node] = set()
        for node in self._module.graph.nodes:
            twin = self._twins.get(node.name)
            while twin is not None and twin not in done:
                other = next(ahead)
                self._dense.step(other)
                self._dense.forget(other)
                done.add(other)
            if node.op == "output":
                return
            if node.op == "get_attr":
                self._pruned.step(node)
                self._mark(node, twin)
            elif twin is not None and not self._differs(node, twin):
                self._pruned.share(node, self._dense, twin)
            else:
                self._changed.add(node)
                if twin is not None and node in self._exclusive:
                    self._refit(self._exclusive[node], twin)
                self._pruned.step(node)
            self._pruned.forget(node)

    def _mark(self, node: fx.Node, twin: fx.Node | None) -> None:
        """Record whether a tensor of the pruned network differs from the dense one's."""
        pruned_tensor = self._pruned.fetch_attr(str(node.target))
        dense_tensor = None if twin is None else self._dense.fetch_attr(str(twin.target))
        if not (isinstance(pruned_tensor, Tensor) and isinstance(dense_tensor, Tensor)):
            return
        if pruned_tensor.shape != dense_tensor.shape or not torch.equal(
            pruned_tensor, dense_tensor
        ):
            self._changed.add(node)

    def _differs(self, node: fx.Node, twin: fx.Node) -> bool:
        if any(source in self._changed for source in node.all_input_nodes):
            return True
        same = str(node.args) == str(twin.args) and str(node.kwargs) == str(twin.kwargs)
        return node.op == "call_function" and not same

    def _refit(self, site: Site, twin: fx.Node) -> None:
        weight = self._module.get_parameter(site.parameter)
        start = on_host(weight).double().flatten()[site.entries]
        keep = (
            start != 0
            if site.parameter in self._masked
            else torch.ones_like(start, dtype=torch.bool)
        )
        matrix, shift = self._solve(site, twin, start, keep)
        with torch.no_grad():
            new = on_host(weight).flatten().clone()
            new[site.entries.flatten()] = matrix.to(new.dtype).flatten()
            weight.copy_(new.reshape(weight.shape))
            if site.offset is not None and shift is not None:
                _tensor(self._module, site.offset).add_(site.sign * shift)
        for node in self._module.graph.nodes:
            if node.op == "get_attr":
                name = self._names.get(str(node.target))
                if name is not None and name in (site.parameter, site.offset):
                    self._changed.add(node)
        for source in site.node.all_input_nodes:
            self._refresh(source)

    def _refresh(self, node: fx.Node) -> None:
        """Compute again what an operator reads of a weight through copies."""
        if node.op == "call_function" and _static(node):
            for source in node.all_input_nodes:
                self._refresh(source)
            self._pruned.step(node)
        elif node.op == "get_attr":
            self._pruned.step(node)

    def _solve(
        self, site: Site, twin: fx.Node, start: Tensor, keep: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """The refitted matrix, and the shift of the outputs that goes with it."""
        parts = blocks(site.width)
        moments = self._moments(site, twin, start)
        assert moments.cross is not None
        assert moments.target_mean is not None
        centred = site.offset is not None
        matrix = torch.zeros_like(start)
        for group in range(len(start)):
            mean, goal = moments.mean[group], moments.target_mean[group]
            cross = moments.cross[group]
            if centred:
                cross = cross - torch.outer(goal, mean)
            for index, part in enumerate(parts):
                gram = moments.second[index][group]
                if centred:
                    gram = gram - torch.outer(mean[part], mean[part])
                own = start[group][:, part]
                right = cross[:, part] / len(parts) + own @ gram
                matrix[group][:, part] = refit(gram, right, own, keep[group][:, part])
        if not centred:
            return matrix, None
        moved = ((matrix - start) * moments.mean.unsqueeze(1)).sum(2)
        return matrix, (moments.target_mean - moved).flatten()

    def _moments(self, site: Site, twin: fx.Node, start: Tensor) -> Moments:
        """Moments of the pruned network's inputs with the residuals of its outputs."""
        sums, count = MomentSums(site), len(self._pruned.values)
        for number, (pruned_values, dense_values) in enumerate(
            zip(self._pruned.values, self._dense.values, strict=True)
        ):
            goal = self._without_removed(dense_values[twin], twin)
            chosen = draw(site, goal, number, count)
            inputs = site.inputs(pruned_values[site.source], chosen)
            outputs = torch.einsum("rgi,goi->rgo", inputs, start).flatten(1)
            targets = site.outputs(goal, chosen) - outputs
            bias = self._bias(site, pruned_values)
            sums.add(inputs, targets if bias is None else targets - bias.double())
        return sums.done()

    @staticmethod
    def _bias(site: Site, values: dict[fx.Node, Any]) -> Tensor | None:
        first = operator_name(site.node) == "addmm"
        bias = site.node.args[0] if first else argument(site.node, "bias")
        if isinstance(bias, fx.Node):
            bias_value = values[bias]
            return on_host(bias_value) if isinstance(bias_value, Tensor) else None
        return None

    def _without_removed(self, value: Tensor, twin: fx.Node) -> Tensor:
        """The dense result without what is removed from it."""
        if self._removed is None:
            return value
        for axis, dim in enumerate(self._removed.coupling.walk.dims(twin)):
            if self._removed.touches(dim):
                keep = torch.from_numpy(self._removed.keep(dim))
                keep = keep.repeat(value.shape[axis] // len(keep))
                value = value.index_select(axis, keep.nonzero().flatten())
        return value


def _samples(bench: Workbench) -> int:
    """The number of samples for which the activations of both walks fit into ``ROOM``."""
    bytes_per_sample = bench.network.cost.activation_bytes if bench.network.cost is not None else 0
    return max(FEWEST, min(SAMPLES, ROOM // max(2 * bytes_per_sample, 1)))


def _snapshot(module: nn.Module) -> dict[str, Tensor]:
    """The dense tensors by first name, as copies."""
    masked_originals = originals(module)
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: masked_originals.get(name, tensor).detach().clone() for name, tensor in named}


def _exclusive_sites(sites: dict[fx.Node, Site], module: fx.GraphModule) -> dict[fx.Node, Site]:
    """The sites whose weight nothing else reads."""
    readers = weight_readers(module)
    return {node: site for node, site in sites.items() if readers[site.parameter] == {node}}


def _tensor(module: nn.Module, name: str) -> Tensor:
    buffers = dict(module.named_buffers())
    return buffers[name] if name in buffers else module.get_parameter(name)


def _static(node: fx.Node) -> bool:
    return all(s.op == "get_attr" or (s.op == "call_function" and _static(s))
               for s in node.all_input_nodes)  # fmt: skip
