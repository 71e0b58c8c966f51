"""What a metric is: a value for each sample, and what its numbers are.

An example, whole, in a file of its own::

    class SquaredError(MetricDefinition):
        name = "mse"
        rank = 60
        summary = MetricSummary("mse", "", False, 0.0, None, None)

        def values(self, outputs, targets):
            return (outputs - targets).square().flatten(1).mean(1)

    METRIC = SquaredError()

Values are written as the field writes them: of an error, less is better, and ``summary`` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from prunescope.study.metric_summary import MetricSummary


@runtime_checkable
class MetricDefinition(Protocol):
    """A metric that can be asked for by name. Derive from it.

    Attributes:
        name: What a user types.
        rank: Place in lists; equal ones go by name.
        summary: Name, unit, direction and bounds of its numbers.
        has_classes: Whether an output that looks like class logits is one.
        reads_all: Whether it is given all outputs and targets where there are several; else the
            one that it can read.
    """

    name: str
    rank: int
    summary: MetricSummary
    has_classes: bool = True
    reads_all: bool = False

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return ``(n,)`` values, one for each sample.

        Args:
            outputs: What the model returned for ``n`` samples.
            targets: Of the same samples.

        Raises:
            DataMismatch: Outputs or targets are of another kind.
        """
        ...

    def variant(self, name: str) -> MetricDefinition | None:  # noqa: ARG002 - a default
        """Return the metric that ``name`` means where it is one of a family, such as top-3."""
        return None
