"""What the dense network gives to every refit: targets at fixed positions, and where to start.

Both are the same for every pruned network, so they are computed once and shared by all points of a
sweep; a refit itself runs only the pruned network, from the first node that differs.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from torch import Tensor, fx, nn

from prunescope.bench.device import on_host
from prunescope.bench.pruned import originals
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Inputs
from prunescope.recovery.least_squares.batch_walk import Lane
from prunescope.recovery.least_squares.second_moments import (
    DenseMoments,
    batches,
    draw,
    most_rows,
)
from prunescope.recovery.least_squares.weight_operators import Site
from prunescope.study.recoveries import refitted

ROOM: Final = 1 << 30
"""Bytes of targets that are held together."""

Target = tuple[Tensor, Tensor]
"""Of a batch: the positions ``(leading, each)``, and ``(rows, outputs)`` of the dense result."""


class DenseTargets:
    """The dense network on calibration inputs, as far as refits need it.

    Attributes:
        batches: The inputs that refits look at.
        tensors: The dense parameters and buffers by first name, as copies.
        sites: Of the dense graph.
    """

    def __init__(self, bench: Workbench, moments: DenseMoments) -> None:
        assert bench.network.captured is not None
        self._module = bench.network.captured.module
        self.batches: Sequence[Inputs] = batches(bench.splits.calibration, refit_samples(bench))
        self.tensors: Mapping[str, Tensor] = _snapshot(self._module)
        self.sites = moments.sites
        self._targets: OrderedDict[fx.Node, list[Target]] = OrderedDict()
        self._restart()

    def of(self, site: Site) -> Sequence[Target]:
        """Return the targets of a site of the dense graph, batch by batch."""
        if site.node not in self._targets:
            self._take(site)
        self._targets.move_to_end(site.node)
        return self._targets[site.node]

    def cut(self, site: Site, without: Callable[[Tensor], Tensor]) -> Sequence[Target]:
        """Return the targets of a site where ``without`` takes positions out of its result."""
        return self._walk([site], without)[site.node]

    def start(self, nodes: Collection[fx.Node]) -> list[dict[fx.Node, Any]]:
        """Return the values of dense ``nodes`` for every batch; the walk there is kept.

        Ask in forward order: what lies in front of all that is asked for later is forgotten.
        """
        wanted = set(nodes)
        if any(node in self._done and node not in self._lane.values[0] for node in wanted):
            self._restart()
        for node in self._late - wanted:
            self._drop(node)
        self._late &= wanted
        left = wanted - self._done
        while left:
            node = next(self._ahead)
            self._lane.step(node)
            self._done.add(node)
            left.discard(node)
            for source in self._lane.ends(node):
                if source in wanted:
                    self._late.add(source)
                else:
                    self._drop(source)
        return [{node: values[node] for node in wanted} for values in self._lane.values]

    def _restart(self) -> None:
        self._lane = Lane(self._module, self.batches, self.tensors)
        self._ahead = iter(self._module.graph.nodes)
        self._done: set[fx.Node] = set()
        self._late: set[fx.Node] = set()

    def _drop(self, node: fx.Node) -> None:
        for values in self._lane.values:
            values.pop(node, None)

    def _take(self, first: Site) -> None:
        """Walk for ``first`` and what follows it, as much as fits into half of the room."""
        order = list(self.sites.values())
        bytes_by_site = {site.node: _most_bytes(site) for site in order}
        chosen, left = [], ROOM / 2
        for site in order[order.index(first) :]:
            size = bytes_by_site[site.node]
            if site is first or (site.node not in self._targets and size <= left):
                chosen.append(site)
                left -= size
        new = self._walk(chosen, lambda result: result)
        held = sum(bytes_by_site[node] for node in (*self._targets, *new))
        while self._targets and held > ROOM:
            node, _ = self._targets.popitem(last=False)
            held -= bytes_by_site[node]
        self._targets |= new

    def _walk(
        self, sites: Sequence[Site], without: Callable[[Tensor], Tensor]
    ) -> dict[fx.Node, list[Target]]:
        targets: dict[fx.Node, list[Target]] = {site.node: [] for site in sites}
        for number, batch in enumerate(self.batches):
            lane = Lane(self._module, [batch], self.tensors)
            for node in self._module.graph.nodes:
                lane.step(node)
                if node in targets:
                    site, result = self.sites[node], without(lane.values[0][node])
                    chosen = draw(site, result, number, len(self.batches))
                    targets[node].append((chosen, on_host(site.outputs(result, chosen))))
                lane.forget(node)
                if node is sites[-1].node:
                    break
        return targets


_KNOWN: "WeakKeyDictionary[DenseMoments, DenseTargets]" = WeakKeyDictionary()


def dense_targets(bench: Workbench, moments: DenseMoments) -> DenseTargets:
    """Return the bench's dense targets, kept as long as its dense moments."""
    targets = _KNOWN.get(moments)
    if targets is None:
        targets = _KNOWN[moments] = DenseTargets(bench, moments)
    return targets


def refit_samples(bench: Workbench) -> int:
    """Return how many calibration inputs a refit looks at; see ``recoveries.refitted``."""
    bytes_per_sample = bench.network.cost.activation_bytes if bench.network.cost is not None else 0
    return refitted(len(bench.splits.calibration), bytes_per_sample)


def _snapshot(module: nn.Module) -> dict[str, Tensor]:
    """The dense tensors by first name, as copies."""
    masked_originals = originals(module)
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: masked_originals.get(name, tensor).detach().clone() for name, tensor in named}


def _most_bytes(site: Site) -> int:
    """Of a site's targets, at most: rows of float32 outputs and their positions."""
    groups, outputs, _ = site.entries.shape
    return most_rows(site) * (4 * groups * outputs + 8)
