"""Squared inputs of recurrent operators, whose hidden states no node of the graph shows.

A step multiplies its input by one matrix and the hidden state of the step before by another. The
operator is run layer by layer: its outputs are the hidden states.
"""

from typing import Any

import torch
from torch import Tensor, fx

from prunescope.capture.functional import operator_name
from prunescope.capture.layers import CELLS, recurrent_places


def recurrent_squares(node: fx.Node, args: tuple[Any, ...]) -> list[tuple[fx.Node, Tensor]]:
    """Return each weight matrix of a recurrent ``node`` with its summed squared inputs.

    Args:
        node: One of ``prunescope.capture.layers.RECURRENT``.
        args: Its arguments' values.

    Returns:
        The matrix as an argument of ``node``, and ``(columns,)`` sums over samples and steps.
    """
    with torch.no_grad():
        if operator_name(node) in CELLS:
            hidden = args[1][0] if isinstance(args[1], list | tuple) else args[1]
            sums = [_squares(args[0]), _squares(hidden)]
        else:
            sums = _of_layers(node, args)
    return list(zip((getter for getter, _ in recurrent_places(node)), sums, strict=True))


def _of_layers(node: fx.Node, args: tuple[Any, ...]) -> list[Tensor]:
    source, state, parameters, biases, layers, _, _, bidirectional, batch_first = args
    directions = 2 if bidirectional else 1
    each = len(parameters) // (layers * directions)
    sums: list[Tensor] = []
    for layer in range(layers):
        rows = slice(layer * directions, (layer + 1) * directions)
        own = parameters[rows.start * each : rows.stop * each]
        several = isinstance(state, list | tuple)
        first = [part[rows] for part in state] if several else state[rows]
        result = node.target(  # type: ignore[operator]
            source, first, own, biases, 1, 0.0, False, bidirectional, batch_first
        )
        outputs = result[0] if batch_first is False else result[0].transpose(0, 1)
        start = first[0] if several else first
        for direction, states in enumerate(outputs.chunk(directions, -1)):
            before = states[1:] if direction else states[:-1]
            sums += [_squares(source), _squares(before) + _squares(start[direction])]
        source = result[0]
    return sums


def _squares(tensor: Tensor) -> Tensor:
    return tensor.detach().square().reshape(-1, tensor.shape[-1]).sum(0)
