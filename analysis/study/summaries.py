"""Summaries of layers, groups, tensors and methods, which need no model. Torch-free."""

from collections.abc import Container
from dataclasses import dataclass

Blocks = tuple[tuple[str, ...], ...]
"""Names of blocks: alternatives, of each of which one must leave. Empty for never."""


def leaves(leaves_with: Blocks, removed: Container[str]) -> bool:
    """Return whether what ``leaves_with`` blocks is gone when the blocks ``removed`` are.

    >>> leaves((("outer", "inner"),), {"inner"}), leaves((("a",), ("b",)), {"a"}), leaves((), {"a"})
    (True, False, False)
    """
    return bool(leaves_with) and all(any(b in removed for b in one) for one in leaves_with)


@dataclass(frozen=True)
class LayerSummary:
    """One prunable or skipped layer, in the order of the forward pass.

    Attributes:
        name: Dotted module name.
        kind: ``conv2d``, ``linear``, ``embedding``, ...
        parameter: Dotted name of the weight that is pruned.
        shape: Shape of that weight.
        parameters: Elements of that weight, biases not counted.
        macs: Multiply-accumulates of the layer for one sample.
        activation_bytes: Bytes of the layer's output for one sample.
        prunable: Whether weights of this layer can be pruned.
        reason: Why not, else None.
        group: Name of the group that the layer's outputs belong to, else None.
        input_dimension: The dimension of the weight that counts the inputs of one output; None
            where inputs are not multiplied and summed (a table that is looked up by number).
    """

    name: str
    kind: str
    parameter: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    activation_bytes: int
    prunable: bool = True
    reason: str | None = None
    group: str | None = None
    input_dimension: int | None = 1

    def takes_blocks(self, of: int) -> bool:
        """Return whether every ``of`` neighbouring input weights can be a block of n:m."""
        dimension = self.input_dimension
        return (
            dimension is not None
            and len(self.shape) > max(1, dimension)
            and self.shape[dimension] % of == 0
        )


@dataclass(frozen=True)
class MemberSummary:
    """A dimension of a tensor that gets smaller with a group.

    Attributes:
        parameter: Dotted name of the parameter or buffer.
        layer: Dotted module name.
        dimension: Of the tensor.
        role: ``producer`` makes the units, ``consumer`` reads them, ``follower`` goes along.
        indices: How many indices of the dimension one unit owns; of what cannot leave, how many
            stay for that reason.
    """

    parameter: str
    layer: str
    dimension: int
    role: str
    indices: int


@dataclass(frozen=True)
class GroupSummary:
    """What must be removed together: units (channels or heads) across coupled layers.

    Attributes:
        name: Dotted name of the first producing layer.
        granularity: ``channel``, ``head``, or ``block``: the branch of a residual sum.
        units: How many units there are; at least one stays. A block is one unit, which may leave.
        members: Every coupled tensor dimension, in the order in which the graph uses them.
        unit_parameters: Parameters that one unit frees when it leaves alone.
        unit_macs: Multiply-accumulates per sample that one unit frees when it leaves alone.
        unit_bytes: Bytes of parameters and saved buffers that one unit frees when it leaves alone.
        normalised: Whether a norm runs over the pruned dimension, so that removal changes its
            statistic by nature.
        law_error: Largest difference, relative to the outputs' scale, between the network without
            half of the units and the dense one with the same units silenced; None if not checked.
        reason: Why the group is not prunable, else None.
        operator: The one that the reason is about, such as ``cumsum``, or ''.
        place: ``model.py:42``, the line of forward() where it is called, or ''.
    """

    name: str
    granularity: str
    units: int
    members: tuple[MemberSummary, ...]
    unit_parameters: int = 0
    unit_macs: int = 0
    unit_bytes: int = 0
    normalised: bool = False
    law_error: float | None = None
    reason: str | None = None
    operator: str = ""
    place: str = ""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that change with the group, in forward order."""
        return tuple(dict.fromkeys(member.layer for member in self.members))


@dataclass(frozen=True)
class TensorSummary:
    """A parameter or saved buffer.

    Attributes:
        name: Dotted name.
        shape: Dense shape.
        width: Bytes per element.
        buffer: Whether it is a buffer.
        leaves_with: The blocks with which it leaves (``leaves``).
    """

    name: str
    shape: tuple[int, ...]
    width: int
    buffer: bool = False
    leaves_with: Blocks = ()


@dataclass(frozen=True)
class MacTerm:
    """Multiply-accumulates that fall in the same way with the units removed.

    Of ``macs`` the product of all factors is left: for each factor 1 minus, for every unit removed,
    its group's share of that dimension.

    Attributes:
        macs: For one sample, dense.
        parameter: A weight whose elements are one more factor, or None.
        groups: ``(group, share)``, each a factor of its own.
        factors: Dimensions with the ``(group, share)`` of every group that has units there.
        leaves_with: The blocks with which they leave (``leaves``).
    """

    macs: int
    parameter: str | None = None
    groups: tuple[tuple[str, float], ...] = ()
    factors: tuple[tuple[tuple[str, float], ...], ...] = ()
    leaves_with: Blocks = ()

    def sums(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Return all factors as tuples of ``(group, share)``."""
        return (*((share,) for share in self.groups), *self.factors)


@dataclass(frozen=True)
class DimSummary:
    """A size of dimensions of activations and parameters, and the groups that reduce it.

    Attributes:
        size: For one sample, dense.
        batched: Whether it grows in proportion to the samples.
        groups: ``(index in the manifest's groups, indices per unit)``: each removed unit removes
            this many indices; a fraction where units own different numbers of them.
    """

    size: int
    batched: bool = False
    groups: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class NodeSummary:
    """An operator, parameter or input of the graph.

    Attributes:
        name: In the graph.
        operator: ATen name, or ``parameter``, ``input``, ``output``.
        reads: Places of the nodes that it reads, in the order of its arguments.
        tensors: For each tensor that it gives, the places of its dimensions in the summary's.
        widths: Bytes per element of each of them.
        leaves_with: The blocks with which it leaves (``leaves``).
    """

    name: str
    operator: str
    reads: tuple[int, ...] = ()
    tensors: tuple[tuple[int, ...], ...] = ()
    widths: tuple[int, ...] = ()
    leaves_with: Blocks = ()


@dataclass(frozen=True)
class GraphSummary:
    """The graph's shapes as functions of what is removed and of the batch.

    Attributes:
        dims: Every different dimension once.
        nodes: In the order in which they run.
    """

    dims: tuple[DimSummary, ...]
    nodes: tuple[NodeSummary, ...]


@dataclass(frozen=True)
class MethodSummary:
    """A method as people see it.

    Attributes:
        name: As in ``Method``: ``taylor`` or ``taylor@channel``.
        title: A short human name.
        definition: One sentence with the formula.
        source: Paper and section.
        needs: What it reads: ``weights``, ``inputs``, ``labels``.
        reason: Why this model cannot use it, else None.
    """

    name: str
    title: str
    definition: str
    source: str
    needs: str
    reason: str | None = None


@dataclass(frozen=True)
class Baseline:
    """The dense model, evaluated once on the validation split.

    Attributes:
        samples: How many samples.
        score: Mean score as stored: 0 to 1 for top-1, higher is better.
        cross_entropy: Mean cross-entropy in nats; None where the outputs are no class logits.
        class_samples: Samples per class; empty without class labels.
        class_correct: Rightly classified samples per class.
        scale: How far one sample that has not been seen yet may move the score: 1 for scores from
            0 to 1, of others the largest size of a sample's.
    """

    samples: int
    score: float
    cross_entropy: float | None = None
    class_samples: tuple[int, ...] = ()
    class_correct: tuple[int, ...] = ()
    scale: float = 1.0
