"""Second moments of layers' inputs on calibration samples, and a cache of the dense model's."""

import itertools
import math
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn

from prunescope.capture.graph import Inputs
from prunescope.capture.network import Network
from prunescope.capture.originals import originals
from prunescope.moments.batch_walk import Lane
from prunescope.moments.weight_operators import Site, find_sites
from prunescope.sources.data import Samples

SAMPLES: Final = 1024
ROWS: Final = 32_768
"""Positions that a layer's moments are taken from, at most (about)."""
LEAST_ROWS: Final = 8192
ROWS_PER_INPUT: Final = 16
"""Positions taken for each input of a layer, within ``LEAST_ROWS`` and ``ROWS``."""
WORK: Final = 60_000_000_000
"""Limit of products per layer: beyond it fewer positions are taken, but at least two per input."""
RIDGE: Final = 0.01
"""Of the mean of second moments' diagonal: what refits, and orders that count on one, add."""
DIRECT: Final = 2000
"""Inputs up to which products are as exact as their rows, and rows are solved one by one."""
WIDEST: Final = 6144
"""Inputs above which a layer's moments are kept in blocks, as if blocks did not correlate."""
ROOM: Final = 512 << 20
"""Bytes of dense moments that are kept at once."""
BATCH: Final = 64
_NARROW: Final = 256


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of a site's inputs, and of its outputs with them, over rows.

    Attributes:
        rows: How many.
        mean: ``(groups, inputs)`` float64.
        second: Mean of the products, not centred: ``(groups, block, block)`` float64 for each
            block of inputs; one block unless there are more than ``WIDEST`` inputs.
        target_mean: ``(groups, outputs)``, or None where no targets were seen.
        cross: ``(groups, outputs, inputs)``, mean of target times input; None likewise.
    """

    rows: int
    mean: Tensor
    second: tuple[Tensor, ...]
    target_mean: Tensor | None = None
    cross: Tensor | None = None


class MomentSums:
    """Moments in the making."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rows = 0
        self._parts: list[Tensor] = []
        self._blocks = blocks(site.width)

    def add(self, inputs: Tensor, targets: Tensor | None = None) -> None:
        """Count in a batch: ``(rows, groups, inputs)`` and ``(rows, groups * outputs)``.

        Products are as exact as the rows; batches are summed up in float64 in either case.
        """
        groups, outputs, width = self._site.entries.shape
        x = inputs.movedim(1, 0)
        factors = x if width <= DIRECT else x.float()
        parts = [x.sum(1)]
        parts += [_gram(factors[:, :, block]) for block in self._blocks]
        if targets is not None:
            y = targets.reshape(len(targets), groups, outputs).movedim(1, 0)
            parts += [y.sum(1), y.transpose(1, 2) @ x]
        parts = [part.double() for part in parts]
        self._rows += x.shape[1]
        if not self._parts:
            self._parts = parts
        else:
            for total, part in zip(self._parts, parts, strict=True):
                total += part

    def done(self) -> Moments:
        """Return the moments so far, in main memory, where they are solved with."""
        mean, *others = (part.cpu() / max(self._rows, 1) for part in self._parts)
        count = len(self._blocks)
        return Moments(self._rows, mean, tuple(others[:count]), *others[count:])


def _gram(x: Tensor) -> Tensor:
    """``xᵀx`` of each group; wide ones by blocks, as the lower half mirrors the upper."""
    width = x.shape[2]
    if width < _NARROW:
        return x.transpose(1, 2) @ x
    left, right = x[:, :, : width // 2], x[:, :, width // 2 :]
    across = left.transpose(1, 2) @ right
    upper = torch.cat([_gram(left), across], 2)
    lower = torch.cat([across.transpose(1, 2), _gram(right)], 2)
    return torch.cat([upper, lower], 1)


def blocks(width: int) -> list[slice]:
    """Return the blocks that ``width`` inputs are kept in, alike in size."""
    count = math.ceil(width / WIDEST)
    edges = [width * number // count for number in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def batches(calibration: Samples, most: int = SAMPLES) -> list[Inputs]:
    """Return the first ``most`` calibration inputs in batches; labels are not read."""
    used = calibration.chunk(0, most)
    return [used.chunk(start, start + BATCH).inputs for start in range(0, len(used), BATCH)]


def draw(site: Site, result: Tensor, number: int, count: int) -> Tensor:
    """Return the positions that batch ``number`` of ``count`` gives to a site's moments."""
    rows = most_rows(site)
    seed = zlib.crc32(f"{site.node.name} {number}".encode())
    return site.positions(result, math.ceil(rows / max(count, 1)), seed)


def most_rows(site: Site) -> int:
    """Return how many positions a site's moments are taken from, at most (about)."""
    enough = max(LEAST_ROWS, ROWS_PER_INPUT * site.width)
    return min(ROWS, enough, max(2 * site.width, WORK // site.width**2))


class DenseMoments:
    """The moments of the dense model's sites, computed when first needed and cached.

    One walk over the calibration inputs computes the needed site and those that follow it in
    forward order, as many as fit into ``ROOM``; the least recently used ones are dropped for them.
    """

    def __init__(self, network: Network, calibration: Samples) -> None:
        assert network.captured is not None
        self._module = network.captured.module
        self.calibration = calibration
        self.sites = find_sites(self._module)
        self._cache: OrderedDict[fx.Node, Moments] = OrderedDict()

    def of(self, site: Site) -> Moments:
        """Return the moments of ``site``'s inputs; the module may be pruned at the moment."""
        if site.node not in self._cache:
            self._take(self._next(site))
        self._cache.move_to_end(site.node)
        return self._cache[site.node]

    def weight(self, site: Site) -> Tensor:
        """Return the dense weight of ``site``; the module may be pruned at the moment."""
        own = self._module.get_parameter(site.parameter)
        return originals(self._module).get(site.parameter, own).detach()

    def matrix(self, site: Site) -> Tensor:
        """Return the dense weight as ``(groups, outputs, inputs)``, float64 in main memory."""
        return self.weight(site).double().cpu().flatten()[site.entries]

    def about_offset(self, site: Site) -> list[Tensor]:
        """Return ``(groups, block, block)`` for each block of inputs: what a refit has to keep.

        Where an offset takes over what the mean of the inputs contributes, their mean is out.
        """
        own = self.of(site)
        if site.offset is None:
            return list(own.second)
        means = [own.mean[:, part] for part in blocks(site.width)]
        pairs = zip(own.second, means, strict=True)
        return [gram - mean[:, :, None] * mean[:, None, :] for gram, mean in pairs]

    def take(self, sites: Iterable[Site]) -> None:
        """Compute the moments of ``sites`` alone, without those that follow, in one walk."""
        missing = {site.node for site in sites} - self._cache.keys()
        if missing:
            self._take([site for node, site in self.sites.items() if node in missing])

    def _next(self, first: Site) -> list[Site]:
        """``first`` and what follows it, within half of the room."""
        order = list(self.sites.values())
        chosen, left = [], ROOM / 2
        for site in order[order.index(first) :]:
            if site is not first and (site.node in self._cache or _bytes(site) > left):
                continue
            chosen.append(site)
            left -= _bytes(site)
        return chosen

    def _take(self, sites: list[Site]) -> None:
        cached_bytes = sum(_bytes(self.sites[node]) for node in self._cache)
        room = ROOM - sum(map(_bytes, sites))
        while self._cache and cached_bytes > room:
            node, _ = self._cache.popitem(last=False)
            cached_bytes -= _bytes(self.sites[node])
        sums = {site.node: MomentSums(site) for site in sites}
        final = sites[-1].node
        parts = batches(self.calibration)
        for number, batch in enumerate(parts):
            lane = Lane(self._module, [batch], originals(self._module))
            for node in self._module.graph.nodes:
                lane.step(node)
                if node in sums:
                    site, values = self.sites[node], lane.values[0]
                    chosen = draw(site, values[node], number, len(parts))
                    sums[node].add(site.inputs(values[site.source], chosen).double())
                lane.forget(node)
                if node is final:
                    break
        self._cache |= {node: total.done() for node, total in sums.items()}


_KNOWN: "WeakKeyDictionary[nn.Module, DenseMoments]" = WeakKeyDictionary()


def dense_moments(network: Network, calibration: Samples) -> DenseMoments:
    """Return the moments of a captured network's layers, which its criteria and refits share.

    They are kept as long as the network lives, for the last ``calibration`` that was asked for.
    """
    moments = _KNOWN.get(network.module)
    if moments is None or moments.calibration is not calibration:
        moments = _KNOWN[network.module] = DenseMoments(network, calibration)
    return moments


def _bytes(site: Site) -> int:
    groups = site.entries.shape[0]
    return sum(8 * groups * (block.stop - block.start) ** 2 for block in blocks(site.width))
