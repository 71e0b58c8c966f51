"""A second graph of a network, to export: sizes that are free in the model are free in it.

The graph to study has fixed sizes, so that what is measured never depends on this. Which sizes
can be free is found by trying: torch traces the model with all of them open, and what it gives at
another size is compared with the model.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from torch import fx, nn
from torch.overrides import TorchFunctionMode

from prunescope.capture.choose_outputs import choose_outputs
from prunescope.capture.export_program import Place
from prunescope.capture.free_dimensions import (
    FreeDimension,
    Symbols,
    dimension_names,
    movable,
    resized,
    second_values,
    symbols,
)
from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import Captured, Inputs, call_arguments, capture, copy_inputs
from prunescope.capture.network import Network, same_outputs
from prunescope.errors import CannotCapture, PrunescopeError
from prunescope.user_code.guard import guarded
from prunescope.user_code.patience import patience

_SECONDS: Final = 20.0
_SECONDS_PER_OPERATOR: Final = 0.03
"""A trace with open sizes takes about as long as one with fixed ones, or does not end (Swin)."""
_LATE: Final = 2.0


@dataclass(frozen=True)
class FreeGraph:
    """The graph of a network with free sizes, and another one to check it by.

    Attributes:
        captured: With all ``dimensions`` free.
        dimensions: That may have any size; the batch is not listed.
        second: The graph of the model at the second sizes, captured on its own.
    """

    captured: Captured
    dimensions: tuple[FreeDimension, ...]
    second: Captured

    def at_second_size(self, inputs: Inputs) -> Inputs:
        """Return the batch ``inputs`` with the second size along every free dimension."""
        known = symbols(self.captured)
        values = {
            known.sizes[each.place]: each.second
            for each in self.dimensions
            if known.sizes[each.place] in known.studied
        }
        return resized(inputs, known, values)


_KNOWN: "WeakKeyDictionary[fx.GraphModule, FreeGraph | None]" = WeakKeyDictionary()


def free_graph(network: Network) -> FreeGraph | None:
    """Return the graph of ``network`` with free sizes, or None where only the batch is free.

    It takes about two captures, the first time. Its weights are the network's own.
    """
    captured = network.captured
    if captured is None:
        return None
    if captured.module not in _KNOWN:
        model = network.source()
        if model is None:
            return None
        nodes = len(captured.module.graph.nodes)
        limit = _SECONDS + _SECONDS_PER_OPERATOR * nodes
        graph = _found(model, captured.example, limit)
        if graph is not None:
            for each in (graph.captured, graph.second):
                choose_outputs(each, network.outputs)
        _KNOWN[captured.module] = graph
    return _KNOWN[captured.module]


def _found(model: nn.Module, example: Inputs, seconds: float) -> FreeGraph | None:
    places: Collection[Place] = movable(example)
    ends = time.monotonic() + seconds
    while places:
        captured = _traced(model, example, places, ends)
        if captured is None:
            return None
        known = symbols(captured)
        for values in second_values(known):
            if _holds(model, captured, resized(example, known, values)):
                return _with_second(model, captured, known, values)
        fewer = [symbol for symbol in known.studied if _alone(model, captured, known, symbol)]
        kept = {p for p, size in known.sizes.items() if size.free_symbols <= set(fewer)}
        if kept == set(places):
            return None
        places = sorted(kept)
    return None


def _traced(
    model: nn.Module, example: Inputs, places: Collection[Place], ends: float
) -> Captured | None:
    """The graph with free ``places``; where that fails, with those that can be free alone."""
    captured = _tried(model, example, places, ends)
    if captured is not None or len(places) == 1:
        return captured
    alone = [place for place in places if _tried(model, example, [place], ends) is not None]
    return _tried(model, example, alone, ends) if alone else None


def _tried(
    model: nn.Module, example: Inputs, places: Collection[Place], ends: float
) -> Captured | None:
    left = ends - time.monotonic()
    if left <= 0:
        return None
    times = _LATE * left / patience()
    doing = "finding out which sizes are free"
    try:
        with (
            guarded("a graph with free sizes", "", CannotCapture, doing, times),
            _Until(ends),
        ):
            return capture(fresh_copy(model), copy_inputs(example), places)
    except PrunescopeError:
        return None


def _alone(model: nn.Module, captured: Captured, known: Symbols, symbol: Any) -> bool:
    return any(
        _holds(model, captured, resized(captured.example, known, values))
        for values in second_values(known, symbol)
    )


def _holds(model: nn.Module, captured: Captured, inputs: Inputs) -> bool:
    """Whether the graph gives for ``inputs`` what the model gives; a model may not take them."""
    try:
        with torch.no_grad(), guarded("the model to run at another size", "", CannotCapture):
            args, kwargs = call_arguments(copy_inputs(inputs))
            outputs = fresh_copy(model).eval()(*args, **kwargs)
            args, kwargs = call_arguments(copy_inputs(inputs))
            return same_outputs(outputs, captured.module(*args, **kwargs))
    except PrunescopeError:
        return False


def _with_second(
    model: nn.Module, captured: Captured, known: Symbols, values: dict[Any, int]
) -> FreeGraph | None:
    example = captured.example
    other = {**known.studied, **values}
    names = dimension_names(example, known)
    dimensions = tuple(
        FreeDimension(
            known.inputs[place[0]],
            place,
            names[place],
            int(size.subs(known.studied)),
            int(size.subs(other)),
        )
        for place, size in known.sizes.items()
    )
    try:
        second = capture(fresh_copy(model), resized(example, known, values))
    except CannotCapture:
        return None
    free = tuple(dimension.place for dimension in dimensions)
    return FreeGraph(
        Captured(captured.module, example, captured.largest, free=free), dimensions, second
    )


class _Until(TorchFunctionMode):
    """Ends a trace at its next call of torch after a moment."""

    def __init__(self, ends: float) -> None:
        super().__init__()
        self._ends = ends

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if time.monotonic() > self._ends:
            raise TimeoutError("the trace takes too long")
        return func(*args, **(kwargs or {}))
