"""Make the variant of a point: the part of its pruned network that a replay has to run."""

import contextlib
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from prunescope.arrays import Bytes
from prunescope.bench.device import HOST, device_of, fetch, on_host
from prunescope.bench.pruned import PruningMasks, select_one, selected
from prunescope.bench.workbench import Workbench
from prunescope.blocks import find_blocks
from prunescope.capture.cost import Cost
from prunescope.capture.graph import Captured
from prunescope.coupling import find_groups
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery import recovered
from prunescope.recovery.batch_norm import SAMPLES
from prunescope.recovery.least_squares.dense_targets import refit_samples
from prunescope.removal import remove
from prunescope.replay.dependencies import Bits, Flow, node_numbers
from prunescope.replay.engine import Removed
from prunescope.replay.layout import channels_last, equal_with_channels_last, wants_channels_last
from prunescope.replay.replay_cost import ReplayCost
from prunescope.replay.variant import Tensors, Variant, build_variant, differing, masked
from prunescope.study.method import UNITS
from prunescope.study.point import Point
from prunescope.study.recoveries import (
    KEPT_BYTES,
    REFITS,
    TRAINING_BATCH,
    TRAINING_STEPS,
    TRAINS,
)

Key = tuple[str, str]
"""``weights`` or ``units``, and the layer or group."""
_Choice = tuple[str, str, str, float, int]
_Packed = tuple[str, tuple[int, ...], Bytes]


class Points:
    """Makes the variant of each point; caches masks (packed), and variants as memory allows.

    Attributes:
        flow: The dense graph.
        cost: What it costs.
        statistics: Re-estimated batch-norm statistics by point, as ``calibrate`` finds them.
        to_layout: Puts a tensor into the memory layout of the replay.
        work: The passes over calibration inputs that recovering single points took.
    """

    def __init__(self, bench: Workbench, captured: Captured, cost: Cost) -> None:
        self.flow = Flow(captured.module)
        self.cost = cost
        self.statistics: dict[Point, dict[str, Tensor]] = {}
        self.to_layout: Callable[[Any], Any] = lambda value: value
        if wants_channels_last(self.flow) and equal_with_channels_last(self.flow, captured.example):
            self.to_layout = channels_last
        self.work = ReplayCost()
        self._bench = bench
        self._captured = captured
        self._scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
        self._cones: dict[Key, Bits] = {}
        self._bases: dict[str, Tensors] = {}
        self._packed: dict[_Choice, _Packed] = {}
        self._removed: dict[Point, Future[Removed]] = {}
        self._deflater: ThreadPoolExecutor | None = None
        if device_of(self.flow.tensors.values()) != HOST:  # the device must not wait for it
            self._deflater = ThreadPoolExecutor(1, "prunescope-deflate")
        self._cache: OrderedDict[Point, Variant] = OrderedDict()

    def choose_masks(self, points: Iterable[Point]) -> None:
        """Choose what ``points`` keep, and hold it packed, so that making them waits for nothing.

        Points that cannot be pruned are left out here; their turn says why.
        """
        for point in points:
            with contextlib.suppress(CannotPrune):
                self._selection(point)

    def key(self, point: Point) -> Key:
        """Return what the point's cone depends on."""
        return ("units" if point.method.granularity in UNITS else "weights", point.subject)

    def cone(self, key: Key) -> Bits:
        """Return the dense nodes that pruning ``key`` can change."""
        if key not in self._cones:
            kind, name = key
            block = find_blocks(self._captured).named(name) if kind == "units" else None
            if block is not None:
                self._cones[key] = self.flow.node_cone(block.add)
            elif kind == "units":
                self._cones[key] = self.flow.group_cone(find_groups(self._captured), name)
            else:
                layers = {layer.name: layer for layer in self._bench.network.prunable()}
                self._cones[key] = self.flow.weight_cone(layers[name].parameter)
        return self._cones[key]

    def base(self, recovery: str) -> Tensors:
        """Return the dense network's tensors after ``recovery``, by ``get_attr`` target.

        Raises:
            CannotPrune: The recovery has nothing to do on this network.
        """
        if recovery not in self._bases:
            after = self._after(recovery)
            self._bases[recovery] = {name: self.to_layout(value) for name, value in after.items()}
        return self._bases[recovery]

    def variant(self, point: Point) -> Variant:
        """Return what to run for ``point``, starting from the frontier of its base.

        Raises:
            CannotPrune: The point cannot be pruned, with the reason.
        """
        variant = self._cache.pop(point, None) or self._build(point)
        self._cache[point] = variant
        cached_bytes = sum(cached.bytes for cached in self._cache.values())
        while cached_bytes > KEPT_BYTES and len(self._cache) > 1:
            cached_bytes -= self._cache.popitem(last=False)[1].bytes
        return variant

    def about(self, point: Point) -> Removed:
        """Return what ``point`` takes away; its variant has been made before."""
        return self._removed[point].result()

    def macs(self, nodes: Iterable[int]) -> int:
        """Return the multiply-accumulates of one sample in these dense nodes."""
        macs_by_node = self.cost.macs_by_node
        return sum(macs_by_node.get(self.flow.nodes[node].name, 0) for node in nodes)

    def before(self, cone: Bits) -> int:
        """Return the multiply-accumulates of one sample in nodes outside of ``cone``."""
        return self.cost.macs - self.macs(node_numbers(cone))

    def _after(self, recovery: str) -> Tensors:
        tensors = self.flow.tensors
        if recovery == "none":
            return tensors
        with recovered(self._bench, recovery):
            after = {name: _copy(value) for name, value in tensors.items()}
        if recovery != "bn":  # others write to the weights while they are replayed
            return after
        changed = differing(self.flow.module, after)
        return {name: after[name] if name in changed else tensors[name] for name in after}

    def _build(self, point: Point) -> Variant:
        selection = self._selection(point)
        cone, base = self.cone(self.key(point)), self.base(point.recovery)
        if point.recovery == "none" or point in self.statistics:
            graph, changed = self._pruned(selection)
            changed |= self.statistics.get(point, {})
        else:
            graph, changed = self._recovered(selection, point.recovery, base)
            self.work += self._passes(point)
        if point not in self._removed:
            twin = self._removed.get(replace(point, recovery="none"))
            if point.recovery != "bn" or twin is None:  # batch norms are no pruned weights
                twin = self._about(selection, changed)
            self._removed[point] = twin
        tensors = {name: self.to_layout(value) for name, value in changed.items()}
        return build_variant(self.flow, base, cone, graph, tensors)

    def _pruned(self, selection: PruningMasks) -> tuple[fx.Graph, dict[str, Any]]:
        """The graph to run, and the tensors in it that the dense network does not have."""
        if selection.units:
            smaller = remove(self._captured, selection.units).module
            return smaller.graph, differing(smaller, self.flow.tensors)
        ((name, keep),) = selection.masks.items()
        return self.flow.module.graph, masked(self.flow, name, keep)

    def _recovered(
        self, selection: PruningMasks, recovery: str, base: Tensors
    ) -> tuple[fx.Graph, dict[str, Any]]:
        """The same after any recovery, which is applied to the whole network and undone."""
        with (
            selected(self._bench.network, selection) as module,
            recovered(self._bench, recovery, module, selection),
        ):
            assert isinstance(module, fx.GraphModule)
            changed = {name: _copy(value) for name, value in differing(module, base).items()}
        return module.graph, changed

    def _passes(self, point: Point) -> ReplayCost:
        """What recovering ``point`` ran, of the dense network's size; any engine has to."""
        macs = self.cost.macs * min(SAMPLES, len(self._bench.splits.calibration))
        if point.recovery in REFITS:  # runs what lies behind the change
            samples = refit_samples(self._bench, point.recovery)
            macs = self.macs(node_numbers(self.cone(self.key(point)))) * samples
        if point.recovery in TRAINS:  # forwards, and twice as much backwards
            macs += 3 * TRAINING_STEPS * TRAINING_BATCH * self.cost.macs
        naive = 0 if point in self._removed else macs  # made again for want of memory
        return ReplayCost(macs, naive, macs)

    def _selection(self, point: Point) -> PruningMasks:
        choice = (
            point.subject, point.method.criterion, point.method.granularity, point.sparsity,
            point.seed,
        )  # fmt: skip
        if choice not in self._packed:
            masks = select_one(
                self._scores, point.subject, point.method, point.sparsity, point.seed
            )
            ((name, keep),) = (*masks.masks.items(), *masks.units.items())
            bits = np.packbits(on_host(keep).numpy().ravel())
            self._packed[choice] = (name, tuple(keep.shape), bits)
            return masks
        name, shape, bits = self._packed[choice]
        flags = np.unpackbits(bits, count=int(np.prod(shape))).astype(bool)
        keep_masks = {name: torch.from_numpy(flags).reshape(shape)}
        units = self.key(point)[0] == "units"
        return PruningMasks(units=keep_masks) if units else PruningMasks(masks=keep_masks)

    def _about(self, selection: PruningMasks, changed: Tensors) -> "Future[Removed]":
        """What leaves; weights are deflated at once, or beside a device that computes."""
        ((name, keep),) = (*selection.masks.items(), *selection.units.items())
        arrived: Callable[[], tuple[Tensor | None, ...]] = tuple
        if selection.masks:
            weight = self.flow.module.get_parameter(name)
            for target in self.flow.aliases(name):
                if target in changed and self.flow.tensors[target] is weight:
                    weight = changed[target]
            arrived = fetch((weight,))
        call = partial(_removed, keep, arrived)
        if self._deflater is not None:
            return self._deflater.submit(call)
        done: Future[Removed] = Future()
        done.set_result(call())
        return done


def _removed(keep: Tensor, arrived: Callable[[], tuple[Tensor | None, ...]]) -> Removed:
    """The counts, and the bytes of the pruned weight, if any."""
    size = sum(
        len(zlib.compress(on_host(weight).flatten().view(torch.uint8).numpy().tobytes(), 6))
        for weight in arrived()
        if weight is not None
    )
    return Removed(keep.numel() - int(keep.sum()), keep.numel(), size)


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value
