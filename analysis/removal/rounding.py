"""How many units a sparsity removes, when hardware wants a multiple to be kept."""

from analysis.planning.counts import removed_units


def round_units(count: int, sparsity: float, multiple: int = 1) -> int:
    """Return how many of ``count`` units to remove so that a ``multiple`` of units is kept.

    The count that ``sparsity`` asks for, lowered until what is kept is a multiple; one unit
    always stays. 0 means that the sparsity is too small, or the multiple too large, to remove
    anything.

    >>> round_units(64, 0.5), round_units(64, 0.3, 8), round_units(6, 1.0), round_units(20, 0.5, 32)
    (32, 16, 5, 0)
    """
    kept = count - removed_units(count, sparsity)
    return count - min(count, -(-kept // multiple) * multiple)
