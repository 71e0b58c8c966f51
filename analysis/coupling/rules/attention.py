"""Fused attention."""

from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.elementwise import broadcast
from prunescope.coupling.rules.join import repeated
from prunescope.coupling.rules.products import mark_heads
from prunescope.coupling.walk import CouplingWalk, Value


@rule("scaled_dot_product_attention")
def attention(walk: CouplingWalk, node: fx.Node) -> Value:
    """Heads are the batch dimensions; a key-value head leaves with its query heads."""
    query, key, value = (walk.dims(source) for source in node.args[:3])
    mask = argument(node, "attn_mask")
    ledger = walk.ledger
    features = ledger.unite(query[-1], key[-1])
    if argument(node, "scale") is None:
        ledger.block(features, "the scale of this attention is computed from its size")
    for axis, source_node in ((len(query) - 1, node.args[0]), (len(key) - 1, node.args[1])):
        walk.read(node, source_node, axis)
    length = ledger.unite(key[-2], value[-2])
    ledger.block(length, "attention reads all of its positions at once")
    batches = [query[:-2], key[:-2], value[:-2]]
    if argument(node, "enable_gqa", False):
        batches[1:] = [
            _repeat_key_value_heads(walk, node, batch, query, which)
            for which, batch in enumerate(batches[1:])
        ]
    sizes = walk.shape(node)
    batch = broadcast(walk, batches, sizes[:-2])
    assert isinstance(batch, tuple)
    out = (*batch, query[-2], value[-1])
    if isinstance(mask, fx.Node):
        scores = broadcast(walk, [walk.dims(mask), (*batch, query[-2], length)],
                           (*sizes[:-1], length.size))  # fmt: skip
        assert isinstance(scores, tuple)
        ledger.block(scores[-1], "attention reads all of its positions at once")
    mark_heads(walk, batch, (features, value[-1]))
    return tuple(Dim(dim.size, dim.labels, dim.why) for dim in out)


def _repeat_key_value_heads(
    walk: CouplingWalk, node: fx.Node, batch: tuple[Dim, ...], query: tuple[Dim, ...], which: int
) -> tuple[Dim, ...]:
    few, many = batch[-1], query[-3]
    if few.size == many.size or few.size == 1:
        return batch
    if few.labels is None:
        return (*batch[:-1], Dim(many.size, why=few.why))
    return (*batch[:-1], repeated(walk, node, few, many.size // few.size, which))
