"""What a manifest says about residual blocks: each is a group of one unit, which may leave."""

from collections.abc import Mapping
from dataclasses import replace

from torch import fx

from prunescope.blocks import Blocks
from prunescope.blocks.leaving import NEVER, Clauses
from prunescope.capture.graph import Captured
from prunescope.coupling.naming import layer_of
from prunescope.coupling.walk import first_names
from prunescope.study import (
    GraphSummary,
    GroupSummary,
    Manifest,
    MemberSummary,
    Method,
    MethodSummary,
    TensorSummary,
    summaries,
)
from prunescope.study.method import BLOCK, BYPASS


def block_summaries(blocks: Blocks, tensors: tuple[TensorSummary, ...]) -> list[GroupSummary]:
    """Return a summary of each block: its members are the tensors that leave with it alone.

    A block that cannot leave has no units, as a refused group, and its layers as members.
    """
    found = [
        GroupSummary(
            block.name, BLOCK, 1,
            tuple(
                MemberSummary(tensor.name, layer_of(tensor.name), 0, "producer", tensor.shape[0])
                for tensor in tensors
                if tensor.shape and summaries.leaves(tensor.leaves_with, {block.name})
            ),
        )
        for block in blocks.removable
    ]  # fmt: skip
    return found + [
        GroupSummary(
            refused.name, BLOCK, 0,
            tuple(MemberSummary("", layer, 0, "producer", 0) for layer in refused.layers),
            reason=refused.reason, operator="add", place=refused.place,
        )
        for refused in blocks.refused
    ]  # fmt: skip


def block_methods(manifest: Manifest) -> tuple[MethodSummary, ...]:
    """Return the one method of blocks where the network has any: the sum is what passes them by."""
    if not manifest.removable(BLOCK):
        return ()
    return (
        MethodSummary(
            str(Method(BYPASS, BLOCK)), "Bypass",
            "The branch of a residual sum leaves whole: y = x + f(x) becomes y = x.",
            "Veit et al. 2016 (arXiv 1605.06431), section 4.1", "weights",
        ),
    )  # fmt: skip


def leaves_with(clauses: Clauses) -> summaries.Blocks:
    """Return ``clauses`` as the manifest writes them."""
    if clauses == NEVER:
        return ()
    return tuple(sorted(tuple(sorted(clause)) for clause in clauses))


def tensors_with_blocks(
    tensors: tuple[TensorSummary, ...], captured: Captured, clauses: Mapping[fx.Node, Clauses]
) -> tuple[TensorSummary, ...]:
    """Return ``tensors`` with the blocks that each leaves with: all of its readers' must go.

    What no operator reads goes with its layer, if it counts the layer's batches, and stays else.
    """
    first = first_names(captured.module)
    read: dict[str, set[frozenset[str]]] = {}
    for node in captured.module.graph.nodes:
        if node.op == "get_attr" and str(node.target) in first:
            read.setdefault(first[str(node.target)], set()).update(clauses[node])
    layers: dict[str, set[frozenset[str]]] = {}
    for name, needed in read.items():
        layers.setdefault(name.rpartition(".")[0], set()).update(needed)
    result = []
    for tensor in tensors:
        needed = read.get(tensor.name, set())
        if tensor.name.endswith("num_batches_tracked"):
            needed = layers.get(tensor.name.rpartition(".")[0], set())
        stays = not needed or frozenset() in needed
        result.append(replace(tensor, leaves_with=() if stays else leaves_with(frozenset(needed))))
    return tuple(result)


def graph_with_blocks(
    graph: GraphSummary, captured: Captured, clauses: Mapping[fx.Node, Clauses]
) -> GraphSummary:
    """Return ``graph`` with the blocks that each operator leaves with."""
    nodes = captured.module.graph.nodes
    return replace(
        graph,
        nodes=tuple(
            replace(summary, leaves_with=leaves_with(clauses[node]))
            for summary, node in zip(graph.nodes, nodes, strict=True)
        ),
    )
