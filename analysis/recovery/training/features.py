"""Learn what the dense network computes inside: its values where blocks end.

A smaller network has fewer channels there. Those that stay are compared, each with the dense
channel that it is.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, fx, nn

from prunescope.bench.workbench import Workbench
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Inputs, take
from prunescope.capture.inner_values import with_inner_values
from prunescope.capture.network import forward
from prunescope.commands import next_steps
from prunescope.errors import CannotPrune
from prunescope.moments.weight_operators import find_sites
from prunescope.recovery.least_squares.differing_nodes import live_nodes
from prunescope.recovery.least_squares.tails import tail_of
from prunescope.recovery.training.objective import Objective, OutputLoss
from prunescope.recovery.training.training_batch import Batch
from prunescope.removal.block_masks import divided
from prunescope.removal.selection import Selection

_ACTIVATIONS: Final = {"relu", "relu6", "gelu", "silu", "hardswish", "hardtanh", "leaky_relu"}
_SUMS: Final = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


class FeatureObjective:
    """A loss of outputs, and of what the dense network computes where its blocks end.

    Called with what ``learner`` returns.

    Source: Romero et al. 2015, *FitNets* (arXiv 1412.6550), section 2.2. Here no regressor is
    learnt between the two: a channel that stays is one of the dense network's.
    """

    def __init__(
        self, base: OutputLoss, features: "Features", dense: fx.GraphModule, weight: float
    ) -> None:
        """Add ``weight`` times the features' distance to ``base``."""
        self._base, self._features, self._weight = base, features, weight
        self._dense = with_inner_values(dense, features.names)

    def learner(self, module: nn.Module) -> nn.Module:
        """Return ``module``, on the same tensors, as this loss reads it."""
        assert isinstance(module, fx.GraphModule)
        return with_inner_values(module, self._features.names)

    def __call__(self, outputs: Any, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        own, values = outputs
        with torch.no_grad():
            dense_outputs, dense_values = forward(self._dense, batch.inputs)
        distance = self._features.distance(values, dense_values)
        return self._base(own, batch, dense_outputs) + self._weight * distance


class Features:
    """Where two networks are compared.

    Attributes:
        names: Of nodes of both graphs.
    """

    def __init__(
        self, bench: Workbench, student: nn.Module, units: Mapping[str, Tensor], example: Inputs
    ) -> None:
        """Choose the nodes.

        Args:
            bench: Of the dense network.
            student: What is left of it.
            units: Which units of the dense network stay, by group or block.
            example: Two samples.

        Raises:
            CannotPrune: No graph, or no value inside that both networks have.
        """
        captured = bench.network.captured
        if captured is None or not isinstance(student, fx.GraphModule):
            raise CannotPrune(
                "Expected a captured model to learn its inner values, but "
                f"{bench.network.problem or 'it has no graph.'} Leave them out: "
                f"{next_steps.features(0)}."
            )
        groups, _ = divided(captured, units)
        self._selection = Selection(captured, groups) if groups else None
        self._nodes = {node.name: node for node in captured.module.graph.nodes}
        present = {node.name for node in student.graph.nodes}
        self.names = tuple(name for name in block_ends(captured.module) if name in present)
        if self.names:
            self.names = self._alike(captured.module, student, example)
        if not self.names:
            raise CannotPrune(
                "Expected values inside the network that the smaller one has too, but there are "
                "none where its blocks end. Learn from the outputs alone: "
                f"{next_steps.features(0)}."
            )

    def distance(self, own: tuple[Tensor, ...], dense: tuple[Tensor, ...]) -> Tensor:
        """Return the mean squared difference, each as a share of the dense values' square."""
        parts = []
        for name, value, whole in zip(self.names, own, dense, strict=True):
            goal = self._left(name, whole)
            size = goal.square().mean().clamp(min=1e-12)
            parts.append((value - goal).square().mean() / size)
        return torch.stack(parts).mean()

    def _left(self, name: str, value: Tensor) -> Tensor:
        """The dense value without the units that are gone."""
        if self._selection is None:
            return value
        for axis, dim in enumerate(self._selection.coupling.walk.dims(self._nodes[name])):
            if self._selection.touches(dim):
                keep = torch.from_numpy(self._selection.keep(dim))
                stay = keep.repeat(value.shape[axis] // len(keep)).nonzero().flatten()
                value = value.index_select(axis, stay.to(value.device))
        return value

    def _alike(
        self, dense: fx.GraphModule, student: fx.GraphModule, example: Inputs
    ) -> tuple[str, ...]:
        """The nodes whose values have the same shape in both, without what is gone."""
        with torch.no_grad():
            _, own = forward(with_inner_values(student, self.names), example)
            _, whole = forward(with_inner_values(dense, self.names), example)
        return tuple(
            name
            for name, value, dense_value in zip(self.names, own, whole, strict=True)
            if isinstance(value, Tensor)
            and value.is_floating_point()
            and value.shape == self._left(name, dense_value).shape
        )


def with_features(
    base: OutputLoss,
    bench: Workbench,
    weight: float,
    student: nn.Module,
    units: Mapping[str, Tensor],
) -> Objective:
    """Return ``base``, and ``weight`` times how far the student is from the dense one inside.

    Args:
        base: Loss of outputs.
        bench: Of the dense network, the teacher.
        weight: 0 for ``base`` alone.
        student: What is left of it.
        units: Which units of the dense network stay, by group or block.

    Raises:
        CannotPrune: As from ``Features``.
    """
    if not weight:
        return base
    example = take(bench.splits.calibration.chunk(0, 2).inputs, slice(0, 2))
    features = Features(bench, student, units, example)
    assert bench.network.captured is not None
    return FeatureObjective(base, features, bench.network.captured.module, weight)


def learner_for(objective: Objective, module: nn.Module) -> nn.Module:
    """Return ``module`` as ``objective`` reads it: with inner values, where it compares them."""
    return objective.learner(module) if isinstance(objective, FeatureObjective) else module


def block_ends(module: fx.GraphModule) -> tuple[str, ...]:
    """Return the names of the nodes where blocks end, in the graph's order.

    Those are the sums of residual blocks, behind the activation that alone reads them; in a network
    without any, what follows each layer with weights (its norm, its activation), but the last.
    """
    live = live_nodes(module)
    sums = [node for node in module.graph.nodes if _is_sum(node, live)]
    if sums:
        return tuple(_behind(node).name for node in sums)
    sites = list(find_sites(module).values())[:-1]
    ends = []
    for site in sites:
        tail = tail_of(site)
        ends.append((tail.activation or tail.norm or site.node).name)
    return tuple(dict.fromkeys(ends))


def _is_sum(node: fx.Node, live: set[fx.Node]) -> bool:
    """Whether ``node`` adds two values that hang on the inputs."""
    operands = {one for one in node.args[:2] if isinstance(one, fx.Node)}
    return node.target in _SUMS and len(operands) == 2 and operands <= live


def _behind(node: fx.Node) -> fx.Node:
    if len(node.users) == 1:
        (reader,) = node.users
        if reader.op == "call_function" and operator_name(reader) in _ACTIVATIONS:
            return reader
    return node
