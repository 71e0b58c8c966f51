"""A model ready to be studied: its graph where it can be captured, its layers and its cost."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from analysis.capture.cost import Cost, cost
from analysis.capture.graph import Captured, Inputs, call_arguments, capture
from analysis.capture.layers import Layer, graph_layers, module_layers
from analysis.errors import CannotCapture, DataMismatch


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
    """

    module: nn.Module
    layers: tuple[Layer, ...]
    captured: Captured | None = None
    cost: Cost | None = None
    problem: str | None = None

    def __call__(self, inputs: Inputs) -> Any:
        """Return the outputs for the batch ``inputs``."""
        return forward(self.module, inputs)

    def prunable(self) -> tuple[Layer, ...]:
        """Return the layers whose weights can be pruned."""
        return tuple(layer for layer in self.layers if layer.summary.prunable)


def forward(module: nn.Module, inputs: Inputs) -> Any:
    """Return ``module``'s outputs for a batch: a tensor, a tuple of arguments, or a dict."""
    args, kwargs = call_arguments(inputs)
    return module(*args, **kwargs)


def build_network(model: nn.Module, example: Inputs) -> Network:
    """Return ``model`` as a network; a model that cannot be captured still gets its layers.

    Raises:
        DataMismatch: The model cannot run on the example at all, or gives NaN for it.
    """
    try:
        with torch.no_grad():
            forward(model, example)
    except Exception as error:
        raise DataMismatch(
            f"Expected the model to run on this data, but it raised {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''} Check that the data has the "
            "model's input shape, and that its preprocessing is the model's."
        ) from error
    try:
        captured = capture(model, example)
    except CannotCapture as error:
        return Network(model, module_layers(model), problem=str(error))
    known = cost(captured)
    return Network(captured.module, graph_layers(captured, known), captured, known)
