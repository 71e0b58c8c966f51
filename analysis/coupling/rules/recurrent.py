"""Recurrent layers: a hidden unit leaves with its rows of all gates, wherever they lie.

A matrix holds the rows of one gate after those of another; what a hidden unit owns is the same row
of each. The matrix that reads the hidden state owns a column as well. A removed unit's state is
zero for ever, as is that of a unit whose initial state, candidate rows and biases are zero.

Of a projected LSTM (``proj_size``) only inputs leave: torch takes it for a plain one as soon as it
has as many cells as projected states.
"""

from collections.abc import Sequence
from typing import Final

from torch import fx

from prunescope.capture.divide_recurrent import FUSED
from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value

GATES: Final = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""Recurrent operator, without ``_cell`` → how many gates its matrices hold."""
_PROJECTED: Final = "lstm tells a projection by its having fewer states than cells"
CANDIDATE: Final = {"lstm": 2, "gru": 2, "rnn_tanh": 0, "rnn_relu": 0}
"""The gate that computes new content: where its rows and biases are 0, a state of 0 stays 0."""


@rule(*FUSED)
def layer(walk: CouplingWalk, node: fx.Node) -> Value:
    """One layer in one direction over a sequence (``divide_recurrent``)."""
    name = operator_name(node)
    if len(node.args) != 9 or not isinstance(node.args[2], list | tuple):
        return walk.refuse(node, f"{name} runs over packed sequences")
    if node.args[4] != 1 or node.args[7]:
        return walk.refuse(node, f"{name} runs all its layers in one fused operator")
    source, states, weights, biases = node.args[:4]
    assert isinstance(weights, list | tuple)
    dims = walk.dims(source)
    time = 1 if node.args[8] else 0
    why = f"{name} runs over it step by step"
    walk.ledger.block(dims[time], why)
    start = list(states) if isinstance(states, list | tuple) else [states]
    several = 2 if biases else 0
    projection = weights[2 + several] if len(weights) > 2 + several else None
    hidden, cell = _unite(walk, node, start, weights[:2], weights[2 : 2 + several], projection)
    batch = dims[1 - time]
    for state in start:
        batch = walk.ledger.unite(batch, walk.dims(state)[1])
    steps = Dim(dims[time].size, why=why)
    output = (batch, steps, hidden) if time else (steps, batch, hidden)
    ends = [(Dim(1), batch, hidden), (Dim(1), batch, cell)]
    return [output, *ends[: len(start)]]


@rule("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def one_step(walk: CouplingWalk, node: fx.Node) -> Value:
    """One step of a layer."""
    source, states, *matrices = node.args
    start = list(states) if isinstance(states, list | tuple) else [states]
    biases = [bias for bias in matrices[2:4] if isinstance(bias, fx.Node)]
    hidden, cell = _unite(walk, node, start, matrices[:2], biases, None)
    lead = walk.dims(source)[:-1]
    for state in start:
        lead = tuple(
            walk.ledger.unite(one, other)
            for one, other in zip(lead, walk.dims(state)[:-1], strict=True)
        )
    return [(*lead, hidden), (*lead, cell)] if len(start) > 1 else (*lead, hidden)


def _unite(
    walk: CouplingWalk,
    node: fx.Node,
    states: Sequence[object],
    matrices: Sequence[object],
    biases: Sequence[object],
    projection: object,
) -> tuple[Dim, Dim]:
    """Tie a layer's weights and states; return its hidden units and its cells."""
    ledger = walk.ledger
    (reads_input, reads_state), features = matrices, walk.dims(node.args[0])
    rows, columns = walk.dims(reads_input)
    ledger.unite(features[-1], columns)
    walk.read(node, node.args[0], len(features) - 1)
    walk.role(reads_input, columns, "consumer")
    walk.role(reads_input, rows, "producer")
    cell = _per_gate(walk, rows, GATES[operator_name(node).removesuffix("_cell")])
    hidden = cell
    own_rows, own_columns = walk.dims(reads_state)
    for other in (own_rows, *(walk.dims(bias)[0] for bias in biases)):
        ledger.unite(rows, other)
    walk.role(reads_state, own_rows, "producer")
    if projection is not None:
        onto, source = walk.dims(projection)
        for dim in (cell, onto, source):
            ledger.block(dim, _PROJECTED)
        walk.role(projection, onto, "producer")
        hidden = Dim(onto.size, onto.labels, onto.why)
    ledger.unite(hidden, own_columns)
    walk.role(reads_state, own_columns, "consumer")
    walk.read(node, reads_state, 1, own_state=True)
    for state, units in zip(states, (hidden, cell), strict=False):
        ledger.unite(units, walk.dims(state)[-1])
    return hidden, cell


def _per_gate(walk: CouplingWalk, rows: Dim, gates: int) -> Dim:
    """The units of which each gate has a row."""
    size = rows.size // gates
    if rows.labels is None:
        return Dim(size, why=rows.why)
    labels = walk.ledger.unite_along(rows.labels.reshape(gates, size), [0])[0]
    return Dim(size, labels if size > 1 else None, rows.why)
