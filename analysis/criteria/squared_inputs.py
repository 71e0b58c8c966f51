"""Sums of squared layer inputs, for any linear operator, by differentiating it.

A linear operator ``y = op(x, W)`` gives ``d sum(op(x^2, W)) / dW = sum of x^2`` over everything
that each weight multiplies: with strides, padding, groups and transposition handled by torch.
"""

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import call_arguments
from prunescope.capture.layers import RECURRENT, reads
from prunescope.capture.network import Network
from prunescope.criteria.recurrent_inputs import recurrent_squares
from prunescope.sources.data import Samples


def squared_inputs(network: Network, samples: Samples, batch: int) -> dict[str, Tensor]:
    """Return per prunable parameter, shaped like it, the sum of squared inputs it multiplied."""
    totals = {
        layer.parameter: torch.zeros_like(network.module.get_parameter(layer.parameter))
        for layer in network.prunable()
    }
    for start in range(0, len(samples), batch):
        chunk = samples.chunk(start, start + batch)
        if network.captured is not None:
            _Observer(network, network.captured.module, totals).observe(chunk)
        else:
            _observe_modules(network, chunk, totals)
    return totals


class _Observer(fx.Interpreter):
    """Run the graph; at each layer's operator, differentiate it on squared inputs."""

    def __init__(self, network: Network, module: fx.GraphModule, totals: dict[str, Tensor]) -> None:
        super().__init__(module)
        self._totals = totals
        self._parameters: dict[fx.Node, list[str]] = {}
        for layer in network.prunable():
            for node in layer.nodes:
                self._parameters.setdefault(node, []).append(layer.parameter)

    def observe(self, chunk: Samples) -> None:
        args, kwargs = call_arguments(chunk.inputs)
        with torch.enable_grad():  # links weights to the views that operators read
            self.run(*pytree.tree_leaves((args, kwargs)), enable_io_processing=False)

    def run_node(self, n: fx.Node) -> Any:
        names = self._parameters.get(n, [])
        if names and operator_name(n) in RECURRENT:
            self._sum_recurrent(n, names)
        else:
            for name in names:
                self._differentiate(n, name)
        result = super().run_node(n)
        if n.op == "call_function" and not _reads_only_weights(n):
            result = pytree.tree_map(lambda x: x.detach() if isinstance(x, Tensor) else x, result)
        return result

    def _sum_recurrent(self, n: fx.Node, names: list[str]) -> None:
        args, _ = self.fetch_args_kwargs_from_env(n)
        for matrix, squares in recurrent_squares(n, args):
            for name in names:
                if reads(matrix, self.module.get_parameter(name)):
                    self._totals[name] += squares

    def _differentiate(self, n: fx.Node, name: str) -> None:
        weight = self.module.get_parameter(name)
        args, kwargs = self.fetch_args_kwargs_from_env(n)

        def squared(leaf: Any, source: Any) -> Any:
            if (
                not isinstance(leaf, Tensor)
                or not leaf.is_floating_point()
                or reads(source, weight)
            ):
                return leaf
            return leaf.detach().square()

        changed = [squared(leaf, source) for leaf, source in zip(args, n.args, strict=True)]
        if operator_name(n) == "embedding":  # the other arguments change gradients, not outputs
            changed = changed[:2]
        output = n.target(*changed, **kwargs)  # type: ignore[operator]
        output = output[0] if isinstance(output, tuple) else output
        (gradient,) = torch.autograd.grad(output.sum(), [weight], allow_unused=True)
        if gradient is not None:
            self._totals[name] += gradient


def _reads_only_weights(node: fx.Node) -> bool:
    return all(
        source.op == "get_attr" or (source.op == "call_function" and _reads_only_weights(source))
        for source in node.all_input_nodes
    )


def _squared(leaf: Any) -> Any:
    plain = isinstance(leaf, Tensor) and leaf.is_floating_point()
    return leaf.detach().square() if plain else leaf


def _observe_modules(network: Network, chunk: Samples, totals: dict[str, Tensor]) -> None:
    owners = {layer.parameter: layer for layer in network.prunable()}
    busy = False

    def hook(name: str) -> Any:
        def observe(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            nonlocal busy
            if busy:
                return
            busy = True
            weight = network.module.get_parameter(name)
            args, kwargs = pytree.tree_map(_squared, (args, kwargs))
            with torch.enable_grad():
                output = module(*args, **kwargs)
                (gradient,) = torch.autograd.grad(output.sum(), [weight])
            totals[name] += gradient
            busy = False

        return observe

    handles = []
    try:
        for name in owners:
            owner = network.module.get_submodule(name.rpartition(".")[0])
            handles.append(owner.register_forward_pre_hook(hook(name), with_kwargs=True))
        with torch.no_grad():
            network(chunk.inputs)
    finally:
        for handle in handles:
            handle.remove()
