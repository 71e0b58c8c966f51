"""What a residual block is, and a residual sum whose branch cannot leave."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """The branch of a residual sum.

    Attributes:
        name: Of the modules in it: ``layer2.1``, ``encoder.layers.3.mlp``.
        add: Name of the node that adds the branch to what passes it by.
        branch: Which of the sum's two operands the branch is: 0 or 1.
        layers: Dotted names of the modules with weights that leave with it, in the graph's order.
    """

    name: str
    add: str
    branch: int
    layers: tuple[str, ...]


@dataclass(frozen=True)
class BlockRefusal:
    """A sum of two branches of which none can leave.

    Attributes:
        name: Of the modules in it.
        layers: Dotted names of the modules with weights in both.
        reason: Why.
        place: ``model.py:42``, the line of forward() with the sum, or ''.
    """

    name: str
    layers: tuple[str, ...]
    reason: str
    place: str = ""


@dataclass(frozen=True)
class Blocks:
    """All residual sums of a graph.

    Attributes:
        removable: In the graph's order.
        refused: Likewise.
    """

    removable: tuple[Block, ...] = ()
    refused: tuple[BlockRefusal, ...] = field(default=())

    def named(self, name: str) -> Block | None:
        """Return the block ``name``, or None."""
        return next((block for block in self.removable if block.name == name), None)
