"""What leaves with which blocks: a node goes once no output needs it any more."""

from collections.abc import Iterable

from torch import fx

from prunescope.blocks.block import Block

Clauses = frozenset[frozenset[str]]
"""Alternatives of blocks: the node is gone when of each of them one block is."""

NEVER: Clauses = frozenset({frozenset()})


def leaving(graph: fx.Graph, blocks: Iterable[Block]) -> dict[fx.Node, Clauses]:
    """Return for every node with which blocks it leaves; ``NEVER`` where it stays.

    Exact for any set of blocks: what attention layers share leaves with the last of them, and what
    lies in a block within a block leaves with either.
    """
    by_add = {block.add: block for block in blocks}
    clauses: dict[fx.Node, Clauses] = {}
    for node in reversed(graph.nodes):
        if node.op == "output" or not node.users:
            clauses[node] = NEVER
            continue
        needed: set[frozenset[str]] = set()
        for user in node.users:
            block = by_add.get(user.name)
            if block is not None and user.args[1 - block.branch] is not node:
                needed |= {clause | {block.name} for clause in clauses[user]}
            else:
                needed |= clauses[user]
        clauses[node] = _least(needed)
    return clauses


def _least(clauses: set[frozenset[str]]) -> Clauses:
    """The clauses without those that another one implies."""
    if frozenset() in clauses:
        return NEVER
    return frozenset(one for one in clauses if not any(other < one for other in clauses))
