"""What the dense network gives to every refit: targets at fixed positions, and where to start.

Both are the same for every pruned network, so they are computed once and shared by all points of a
sweep; a refit itself runs only the pruned network, from the first node that differs.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from torch import Tensor, fx, nn

from prunescope.bench.device import on_host
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Inputs
from prunescope.capture.originals import originals
from prunescope.moments.batch_walk import Lane
from prunescope.moments.second_moments import (
    ROWS_PER_INPUT,
    DenseMoments,
    batches,
    draw,
    most_rows,
)
from prunescope.moments.weight_operators import Site, find_sites
from prunescope.recovery.least_squares.tails import tail_of
from prunescope.study.recoveries import CALIBRATED, FITTED, refitted

ROOM: Final = 1 << 30
"""Bytes of targets that are held together."""

Target = tuple[Tensor, Tensor]
"""Of a batch: the positions ``(leading, each)``, and ``(rows, outputs)`` of the dense result."""


_Read = tuple[fx.Node, fx.Node]
"""The node of the site whose positions are looked at, and the node whose values are."""


class DenseTargets:
    """The dense network on calibration inputs, as far as refits need it.

    Attributes:
        batches: The inputs that refits look at.
        tensors: The dense parameters and buffers by first name, as copies.
        sites: Of the dense graph.
    """

    def __init__(self, bench: Workbench, moments: DenseMoments, samples: int) -> None:
        assert bench.network.captured is not None
        self._module = bench.network.captured.module
        self.batches: Sequence[Inputs] = batches(bench.splits.calibration, samples)
        self.tensors: Mapping[str, Tensor] = _snapshot(self._module)
        self.sites = moments.sites
        self._targets: OrderedDict[_Read, list[Target]] = OrderedDict()
        self._restart()

    def of(self, site: Site, node: fx.Node | None = None) -> Sequence[Target]:
        """Return the targets of a site of the dense graph, batch by batch.

        Args:
            site: Its positions are looked at.
            node: Whose values, shaped like the site's result; None for the site itself.
        """
        read = (site.node, node or site.node)
        if read not in self._targets:
            self._take(site, read[1])
        self._targets.move_to_end(read)
        return self._targets[read]

    def cut(
        self, site: Site, node: fx.Node, without: Callable[[Tensor], Tensor]
    ) -> Sequence[Target]:
        """Return the same of ``node`` where ``without`` takes positions out of its value."""
        return self._walk([(site, node)], without)[site.node, node]

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

    def _take(self, first: Site, node: fx.Node) -> None:
        """Walk for ``first`` and what follows it, as much as fits into half of the room.

        Beside a site, its own targets are taken in one walk with those of the sites that follow;
        the values of other nodes likewise.
        """
        reads = self._reads(node is not first.node)
        start = reads.index((first, node)) if (first, node) in reads else 0
        chosen, left = [(first, node)], ROOM / 2 - _most_bytes(first)
        for site, read in reads[start:]:
            new = site is not first and (site.node, read) not in self._targets
            if new and _most_bytes(site) <= left:
                chosen.append((site, read))
                left -= _most_bytes(site)
        taken = self._walk(chosen, lambda result: result)
        held = sum(_most_bytes(self.sites[site]) for site, _ in (*self._targets, *taken))
        while self._targets and held > ROOM:
            (site_node, _), _ = self._targets.popitem(last=False)
            held -= _most_bytes(self.sites[site_node])
        self._targets |= taken

    def _reads(self, others: bool) -> list[tuple[Site, fx.Node]]:
        """Every site with itself, or with what is added to its outputs."""
        if not others:
            return [(site, site.node) for site in self.sites.values()]
        tails = [(site, tail_of(site).other) for site in self.sites.values()]
        return [(site, other) for site, other in tails if other is not None]

    def _walk(
        self, reads: Sequence[tuple[Site, fx.Node]], without: Callable[[Tensor], Tensor]
    ) -> dict[_Read, list[Target]]:
        taken: dict[_Read, list[Target]] = {(site.node, node): [] for site, node in reads}
        readers: dict[fx.Node, list[Site]] = {}
        for site, node in reads:
            readers.setdefault(node, []).append(site)
        for number, batch in enumerate(self.batches):
            lane = Lane(self._module, [batch], self.tensors)
            left = set(readers)
            for node in self._module.graph.nodes:
                lane.step(node)
                for site in readers.get(node, ()):
                    result = without(lane.values[0][node])
                    chosen = draw(site, result, number, len(self.batches))
                    rows = on_host(site.outputs(result, chosen))
                    taken[site.node, node].append((chosen, rows))
                lane.forget(node)
                left.discard(node)
                if not left:
                    break
        return taken


_KNOWN: "WeakKeyDictionary[DenseMoments, dict[int, DenseTargets]]" = WeakKeyDictionary()


def dense_targets(bench: Workbench, moments: DenseMoments, samples: int) -> DenseTargets:
    """Return the bench's dense targets on so many inputs, kept as long as its dense moments."""
    by_count = _KNOWN.setdefault(moments, {})
    if samples not in by_count:
        by_count[samples] = DenseTargets(bench, moments, samples)
    return by_count[samples]


def refit_samples(bench: Workbench, recovery: str = "ls") -> int:
    """Return how many calibration inputs a refit looks at; see ``recoveries.refitted``.

    ``refit`` takes more than ``ls`` where a layer would see fewer rows than ``ROWS_PER_INPUT`` for
    each of its inputs, as fully connected ones do.
    """
    network = bench.network
    bytes_per_sample = network.cost.activation_bytes if network.cost is not None else 0
    most = CALIBRATED
    if recovery != "ls" and network.captured is not None:
        needed = map(_inputs_needed, find_sites(network.captured.module).values())
        most = min(max(CALIBRATED, *needed), FITTED)
    return refitted(len(bench.splits.calibration), bytes_per_sample, most)


def _inputs_needed(site: Site) -> int:
    """Samples until a site has seen enough rows."""
    value = site.node.meta.get("val")
    if not isinstance(value, Tensor):
        return 0
    rows = [int(size) for size in value.movedim(site.channel, -1).shape[1:-1]]
    return math.ceil(ROWS_PER_INPUT * site.width / max(math.prod(rows), 1))


def _snapshot(module: nn.Module) -> dict[str, Tensor]:
    """The dense tensors by first name, as copies."""
    masked_originals = originals(module)
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: masked_originals.get(name, tensor).detach().clone() for name, tensor in named}


def _most_bytes(site: Site) -> int:
    """Of a site's targets, at most: rows of float32 outputs and their positions."""
    groups, outputs, _ = site.entries.shape
    return most_rows(site) * (4 * groups * outputs + 8)
