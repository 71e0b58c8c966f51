"""Memory that a plan takes: weights and peak activations. Torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.study import Manifest
from prunescope.study.network_size import shrunk


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
    sizes = shapes.sizes(shapes.removed([units]), batch)
    return Memory(shrunk(manifest, units).bytes, int(shapes.peak(sizes)[0]))
