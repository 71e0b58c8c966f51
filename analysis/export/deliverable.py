"""A pruned model that is ready to be written, in whatever format."""

from dataclasses import dataclass, replace

from torch import nn

from prunescope.capture.free_dimensions import FreeDimension
from prunescope.capture.graph import Captured, Inputs
from prunescope.export.promise import Promise
from prunescope.export.recipe import Recipe


@dataclass(frozen=True)
class Deliverable:
    """A pruned model that is ready to be written.

    Attributes:
        module: With its final weights.
        captured: The same as a graph, with weights shared; None when there is none.
        problem: Why there is no graph, else None.
        recipe: How it came to be.
        promise: What the screen says about it.
        calibration: Inputs of the calibration split, for numbers that are rounded.
        parameters: Of the dense model.
        removed: Of them, zeroed or gone.
        fine_tuned_hash: ``FineTuned.weights_hash`` of fine-tuned weights, else empty.
        dimensions: Sizes of inputs that are free in ``captured`` besides the batch.
        studied: The graph as it was studied, where ``captured`` is one with free sizes.
        opset: Of ONNX files; None for the one that torch writes.
    """

    module: nn.Module
    captured: Captured | None
    problem: str | None
    recipe: Recipe
    promise: Promise
    calibration: Inputs
    parameters: int
    removed: int
    fine_tuned_hash: str = ""
    dimensions: tuple[FreeDimension, ...] = ()
    studied: Captured | None = None
    opset: int | None = None

    def at_studied_size(self) -> "Deliverable":
        """Return the same model as a graph whose sizes are fixed, all but the batch."""
        if self.studied is None:
            return self
        return replace(
            self,
            captured=self.studied,
            promise=replace(self.promise, resized=None),
            dimensions=(),
            studied=None,
        )
