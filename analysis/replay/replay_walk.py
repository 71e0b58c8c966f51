"""Walk the dense graph once over a chunk of samples; at every stop the frontier is in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, Generic, Protocol

from torch import fx
from torch.fx import _pytree as fx_pytree

from prunescope.bench.device import device_of, move
from prunescope.capture.graph import Inputs, batch_size, call_arguments
from prunescope.replay.dependencies import Flow, node_numbers
from prunescope.replay.lanes import Lanes
from prunescope.replay.program import (
    ProgramStep,
    Slot,
    Values,
    counted_run,
    fill,
    make_step,
    run,
)
from prunescope.replay.schedule import Schedule, Stop, Subject
from prunescope.replay.time_spent import TimeSpent
from prunescope.replay.variant import Tensors, Variant


class Batches(Protocol):
    """Batches of inputs by number, such as a list of them."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, number: int, /) -> Inputs:
        """Return batch ``number``."""


class ReplayWalk(Generic[Subject]):
    """One pass over the dense network, batch by batch, with a stop where each subject is pruned.

    Attributes:
        batches: How many batches the chunk has.
        samples: In all batches together.
        spent: Where the time goes.
    """

    def __init__(
        self,
        flow: Flow,
        base: Tensors,
        planned: Schedule[Subject],
        batches: Batches,
        *,
        to_layout: Callable[[Any], Any] = lambda value: value,
        dense_step: Callable[[ProgramStep], ProgramStep] | None = None,
        spent: TimeSpent | None = None,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Begin in front of the first node.

        Args:
            flow: Of the dense graph.
            base: The dense network's tensors.
            planned: Where to stop.
            batches: Of inputs, all of them; read once, and again by variants ``from_inputs``.
            to_layout: Puts a tensor into the memory layout of the replay.
            dense_step: Changes a dense step, or None.
            spent: Counts the time by operator, or None.
            around: A block in which operators run, made anew each time.
        """
        self._around = around
        self._flow = flow
        self._planned = planned
        self._inputs, self._to_layout = batches, to_layout
        self._frontiers: list[Values] = []
        self.batches, self.samples = len(batches), 0
        for number in range(len(batches)):
            batch = batches[number]
            leaves = flat_inputs(flow, batch, to_layout)
            self._frontiers.append({slot: leaves[slot] for slot in node_numbers(planned.inputs)})
            self.samples += batch_size(batch)
        self._make = dense_step or (lambda step: step)
        self._base = base
        self.spent = TimeSpent() if spent is None else spent

    def stops(self, lanes: Lanes) -> Iterator[Stop[Subject]]:
        """Yield each stop once its frontier is computed."""
        for stop in self._planned.stops:
            steps = self._steps(stop)
            if steps:
                lanes.map(partial(self._advance, steps), self._frontiers)
            yield stop
            for frontier in self._frontiers:
                for slot in stop.leaves:
                    del frontier[slot]

    def outputs(self, batch: int, variant: Variant) -> Any:
        """Return the outputs of ``variant`` on batch number ``batch``, from the frontier."""
        values = self._start(batch, variant)
        seconds: defaultdict[str, float] = defaultdict(float)
        with self._around():
            run(variant.steps, values, seconds)
        self.spent.add(seconds)
        return self._finished(variant, values)

    def counted_outputs(self, batch: int, variant: Variant) -> tuple[Any, int]:
        """Return the same, and the multiply-accumulates that were executed."""
        values = self._start(batch, variant)
        seconds: defaultdict[str, float] = defaultdict(float)
        with self._around():
            macs = counted_run(variant.steps, values, seconds)
        self.spent.add(seconds)
        return self._finished(variant, values), macs

    def _advance(self, steps: Sequence[ProgramStep], frontier: Values) -> None:
        seconds: defaultdict[str, float] = defaultdict(float)
        with self._around():
            run(steps, frontier, seconds)
        self.spent.add(seconds)

    def _start(self, batch: int, variant: Variant) -> Values:
        available: Mapping[int, Any] = self._frontiers[batch]
        if variant.from_inputs:
            available = flat_inputs(self._flow, self._inputs[batch], self._to_layout)
        return {slot: available[slot] for slot in variant.reads}

    def _finished(self, variant: Variant, values: Mapping[int, Any]) -> Any:
        return self._flow.module.graph.process_outputs(fill(variant.result, values))

    def _steps(self, stop: Stop[Subject]) -> tuple[ProgramStep, ...]:
        """The dense steps up to this stop, each with the values to drop after it."""

        def slot_of(node: fx.Node) -> Any:
            if node.op == "get_attr":
                return self._base[str(node.target)]
            return Slot(self._flow.number[node])

        steps = [make_step(self._flow.nodes[number], slot_of) for number in stop.compute]
        return tuple(
            self._make(replace(step, dead=dead))
            for step, dead in zip(steps, stop.dead, strict=True)
        )


def flat_inputs(flow: Flow, batch: Inputs, to_layout: Callable[[Any], Any]) -> Mapping[int, Any]:
    """Return the graph's inputs for ``batch`` by slot, on the device of its parameters."""
    spec: Any = flow.module._in_spec
    leaves = fx_pytree.tree_flatten_spec(call_arguments(batch), spec)
    moved = move(leaves, device_of(flow.tensors.values()))
    return dict(zip(flow.inputs, map(to_layout, moved), strict=True))
