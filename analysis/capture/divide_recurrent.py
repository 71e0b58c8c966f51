"""Divide recurrent operators into one for each layer and direction.

``aten.lstm`` runs all layers and both directions with one hidden size, so its hidden units could
only leave from all of them at once. As operators of their own, each layer and direction has hidden
units of its own. What they compute is the same to the last bit; the weights keep their names.
"""

from operator import getitem
from typing import Any, Final

import torch
from torch import fx

from prunescope.capture.functional import operator_name

FUSED: Final = ("lstm", "gru", "rnn_tanh", "rnn_relu")
"""Operators that run whole layers over a sequence."""
_ZEROS: Final = {"zeros": 0, "new_zeros": 1}
"""Operator that makes an initial state of zeros → position of its size."""


def divide_recurrent(module: fx.GraphModule) -> None:
    """Rewrite ``module`` in place so that a recurrent operator is one layer in one direction."""
    for node in list(module.graph.nodes):
        if node.op == "call_function" and operator_name(node) in FUSED and _joins(node):
            _divide(module.graph, node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _joins(node: fx.Node) -> bool:
    """Whether ``node`` runs several layers or directions, over sequences that are not packed."""
    plain = getattr(node.target, "_overloadname", "") == "input" and len(node.args) == 9
    return plain and bool(node.args[4] != 1 or node.args[7])


def _divide(graph: fx.Graph, node: fx.Node) -> None:
    arguments: Any = node.args
    source, states, weights, biases, layers, dropout, train, both, batch_first = arguments
    several = isinstance(states, list | tuple)
    directions = 2 if both else 1
    size = len(weights) // (layers * directions)
    last: list[list[fx.Node]] = []

    def call(target: Any, *args: Any) -> fx.Node:
        new = graph.call_function(target, args)
        new.meta = {key: value for key, value in node.meta.items() if key != "val"}
        return new

    aten = torch.ops.aten
    with graph.inserting_before(node):
        if batch_first:
            source = call(aten.transpose.int, source, 0, 1)
        for layer in range(layers):
            outputs = []
            for direction in range(directions):
                place = layer * directions + direction
                starts = [_part(call, state, place) for state in (states if several else [states])]
                own = list(weights[place * size : (place + 1) * size])
                inside = call(aten.flip.default, source, [0]) if direction else source
                result = call(
                    node.target, inside, starts if several else starts[0], own, biases, 1, 0.0,
                    train, False, False,
                )  # fmt: skip
                parts = [call(getitem, result, part) for part in range(2 + several)]
                output = call(aten.flip.default, parts[0], [0]) if direction else parts[0]
                outputs.append(output)
                last.append(parts[1:])
            source = call(aten.cat.default, outputs, -1) if both else outputs[0]
            if dropout and layer + 1 < layers:
                source = call(aten.dropout.default, source, dropout, train)
        if batch_first:
            source = call(aten.transpose.int, source, 0, 1)
        ends = [call(aten.cat.default, [one[k] for one in last], 0) for k in range(1 + several)]
    results = [source, *ends]
    for user in list(node.users):
        user.replace_all_uses_with(results[int(str(user.args[1]))])
        graph.erase_node(user)
    graph.erase_node(node)


def _part(call: Any, state: Any, place: int) -> fx.Node:
    """The initial state of one layer and direction; zeros are made anew, so that none is shared."""
    position = _ZEROS.get(operator_name(state)) if state.op == "call_function" else None
    if position is None:
        part: fx.Node = call(torch.ops.aten.slice.Tensor, state, 0, place, place + 1)
        return part
    args = list(state.args)
    args[position] = [1, *args[position][1:]]
    zeros: fx.Node = call(state.target, *args)
    zeros.kwargs = dict(state.kwargs)
    return zeros
