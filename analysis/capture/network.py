"""A model ready to be studied: its graph where it can be captured, its layers and its cost."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
)
from torch.utils import _pytree as pytree

from prunescope.capture.choose_outputs import choose_outputs
from prunescope.capture.cost import Cost, cost
from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import (
    Captured,
    Inputs,
    batch_size,
    beside,
    call_arguments,
    capture,
    copy_inputs,
    take,
)
from prunescope.capture.layers import Layer, graph_layers, module_layers, with_macs
from prunescope.capture.module_cost import module_cost
from prunescope.errors import CannotCapture, DataMismatch, HangsOnData
from prunescope.user_code.blame import printed_place
from prunescope.user_code.guard import guarded

_ROOM: Final = 1e-3
"""Tolerance relative to the largest output: the model's fused attention kernel rounds differently
from the graph, which does not use it."""


def _nowhere() -> None:
    """No model."""


@dataclass(frozen=True)
class Network:
    """What every part of the engine works on.

    Attributes:
        module: The captured graph, or the user's own model where capture failed; parameter names
            are the same in both.
        layers: Prunable and skipped layers in forward order.
        captured: The graph, or None.
        cost: Of the graph, or None.
        problem: Why there is no graph, else None.
        source: Gives the model as it was given, which runs at sizes that the graph does not; None
            where it is not at hand.
        outputs: Names of the outputs that were chosen to stay; none for all.
        stopped: Where the capture stopped at a value that hangs on data; else empty.
    """

    module: nn.Module
    layers: tuple[Layer, ...]
    captured: Captured | None = None
    cost: Cost | None = None
    problem: str | None = None
    source: Callable[[], nn.Module | None] = _nowhere
    outputs: tuple[str, ...] = ()
    stopped: str = ""

    def __call__(self, inputs: Inputs) -> Any:
        """Return the outputs for the batch ``inputs``."""
        return forward(self.module, inputs)

    def prunable(self) -> tuple[Layer, ...]:
        """Return the layers whose weights can be pruned."""
        return tuple(layer for layer in self.layers if layer.summary.prunable)


def forward(module: nn.Module, inputs: Inputs) -> Any:
    """Return ``module``'s outputs for a batch: a tensor, a tuple of arguments, or a dict.

    The batch is brought to where the module's weights lie.

    Raises:
        DataMismatch: The model fails on the batch.
        OutOfMemory, TookTooLong: It needs more memory or time than there is.
    """
    with model_runs(batch_size(inputs)):
        return _called(module, beside(inputs, module))


def model_runs(samples: int) -> AbstractContextManager[None]:
    """Guard a block that runs a model, or a part of it, on a batch of ``samples``."""
    return guarded(
        f"the model to run on a batch of {samples} samples",
        "Check that all samples have the model's input shape, and that an exported program has a "
        "dynamic batch dimension.",
        DataMismatch,
        f"running the model on {samples} samples",
    )


def _called(module: nn.Module, inputs: Inputs) -> Any:
    args, kwargs = call_arguments(inputs)
    return module(*args, **kwargs)


def build_network(model: nn.Module, example: Inputs, outputs: tuple[str, ...] = ()) -> Network:
    """Return ``model`` as a network; a model that cannot be captured still gets its layers.

    It is captured before anything runs it, and run once, as a copy of its own, to compare.

    Args:
        model: In evaluation mode.
        example: A batch as the model takes it.
        outputs: Names of outputs that have to stay (``choose_outputs``); none for all.

    Raises:
        CannotCapture: Outputs are chosen of a model without a graph.
        UnknownName: An output that does not exist.
        DataMismatch: The model cannot run on the example at all.
    """
    example = take(example, slice(0, 2))
    captured, problem, stopped = None, None, ""
    try:
        captured = capture(fresh_copy(model), copy_inputs(example))
    except HangsOnData as error:
        problem = str(error)
        stopped = f"at {error.place or 'a value'}, which hangs on values"
    except CannotCapture as error:
        problem = str(error)
    plain = fresh_copy(model)
    with torch.no_grad(), guarded(
        "the model to run on this data",
        "Check that the data has the model's input shape, and that its preprocessing is the "
        "model's.",
        DataMismatch,
        "running the model on two samples",
    ):  # fmt: skip
        eager = _called(plain, copy_inputs(example))
    try:
        if captured is not None:
            _require_same(eager, captured)
    except CannotCapture as error:
        captured, problem = None, str(error)
    if captured is not None:
        try:
            return network_of(captured, lambda: model, outputs)
        except (DynamicOutputShapeException, DataDependentOutputException) as error:
            place = printed_place(str(error)) or "a value"
            stopped = f"at {place}, which hangs on values"
            problem = (
                f"Expected a model whose sizes follow from its inputs' sizes, but at {place} "
                "values say how many there are. Weight sparsities can still be swept by plain "
                "forwards. "
                "For groups, rewrite that part of forward()."
            )
    if outputs:
        raise CannotCapture(
            f"Expected a model with a graph to choose outputs of, but it has none. {problem}"
        )
    layers = module_layers(plain)
    measured = module_cost(plain, take(example, slice(0, 1)))
    return Network(
        plain, with_macs(layers, measured), cost=measured, problem=problem, stopped=stopped
    )


def network_of(
    captured: Captured,
    source: Callable[[], nn.Module | None] = _nowhere,
    outputs: tuple[str, ...] = (),
) -> Network:
    """Return the network of a graph.

    Args:
        captured: The graph; its module is changed where ``outputs`` are chosen.
        source: Gives what it was captured from, or None.
        outputs: Names of outputs that have to stay (``choose_outputs``); none for all.
    """
    captured = choose_outputs(captured, outputs)
    network_cost = cost(captured)
    layers = graph_layers(captured, network_cost)
    return Network(captured.module, layers, captured, network_cost, source=source, outputs=outputs)


def _require_same(outputs: Any, captured: Captured) -> None:
    """Refuse a graph whose outputs differ from the model's."""
    with torch.no_grad():
        captured_outputs = forward(captured.module, copy_inputs(captured.example))
    if not same_outputs(outputs, captured_outputs):
        raise CannotCapture(
            "Expected a model that gives the same outputs for the same inputs, but its graph "
            "gives others. Remove what is random in evaluation, or writes to shared tensors, "
            "from forward()."
        )


def same_outputs(outputs: Any, others: Any) -> bool:
    """Return whether two runs gave the same tensors, but for rounding."""
    for old, new in zip(pytree.tree_leaves(outputs), pytree.tree_leaves(others), strict=True):
        if not isinstance(old, Tensor) or not old.numel():
            continue
        room = _ROOM * float(old.abs().nan_to_num().max()) if old.is_floating_point() else 0.0
        if old.shape != new.shape or not torch.allclose(
            old.double(), new.double(), rtol=0.0, atol=room, equal_nan=True
        ):
            return False
    return True
