"""Memory that a plan takes: weights and peak activations. Torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.study import Manifest
from prunescope.study.network_size import shrunk
from prunescope.text.units import bytes_


@dataclass(frozen=True)
class Memory:
    """Bytes that a forward pass needs.

    Attributes:
        weights: Parameters and saved buffers.
        activations: Largest sum of tensors alive at once between two operators, inputs and
            outputs included, views counted as copies.
    """

    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.weights + self.activations


@dataclass(frozen=True)
class PlanMemory:
    """Bytes of weights, and of activations at their peak, for one batch in PyTorch.

    Attributes:
        dense_weights: Parameters and saved buffers of the dense model.
        pruned_weights: Of the pruned one.
        dense_predicted: Largest sum of the graph's tensors alive at once; views count as copies.
        pruned_predicted: Of the pruned one.
        dense_measured: Most bytes that PyTorch's allocator held at once, inputs included.
        pruned_measured: Of the pruned one.
    """

    dense_weights: int
    pruned_weights: int
    dense_predicted: int
    pruned_predicted: int
    dense_measured: int
    pruned_measured: int

    def line(self, batch: int) -> str:
        """Return in words what a ``batch`` of samples takes, predicted and measured."""
        return (
            f"Memory: weights {bytes_(self.dense_weights)} dense, {bytes_(self.pruned_weights)} "
            f"pruned; activations at their peak, batch {batch}: predicted "
            f"{bytes_(self.dense_predicted)} and {bytes_(self.pruned_predicted)}, measured in "
            f"PyTorch {bytes_(self.dense_measured)} and {bytes_(self.pruned_measured)}."
        )


def peak_memory(manifest: Manifest, units: Mapping[str, int], batch: int = 1) -> Memory:
    """Return the memory of the network after ``units`` left each named group.

    Equal to ``prunescope.capture.cost`` of the really smaller network; what an allocator adds
    (workspace, padding) is not in it.

    Args:
        manifest: Of the dense network.
        units: Group name → units removed; groups that are not named stay whole.
        batch: Samples per forward pass.

    Raises:
        BadValue: The study holds no graph, or a count is not possible.
    """
    shapes = shapes_of(manifest)
    removed = shapes.removed([units])
    peak = shapes.peak(shapes.sizes(removed, batch), shapes.alive(removed))
    return Memory(shrunk(manifest, units).bytes, int(peak[0]))
