"""A network's outputs: which of them count, and which layers reach only them. Torch-free."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutputSummary:
    """A tensor that the network returns.

    Attributes:
        name: ``output`` where it is the only one, else its key or position.
        shape: Of one sample.
        counts: Whether the metric reads it.
        only: Layers that reach this output and no other.
    """

    name: str
    shape: tuple[int, ...]
    counts: bool = True
    only: tuple[str, ...] = ()
