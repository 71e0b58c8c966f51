"""Why outputs of layers stay, and what that costs, in words. Torch-free."""

from prunescope.study.blocked import Blocked
from prunescope.text.units import percent

_OUTPUT = "output"


def blocking(reason: Blocked) -> str:
    """Return reason and layers, then the line to change and how much of the network it blocks."""
    return f"Not prunable, because {reason.reason}: {', '.join(reason.layers)}. {worth(reason)}"


def worth(reason: Blocked) -> str:
    """Return how much of the network an operator, or a reason, keeps from shrinking.

    >>> worth(Blocked("it is summed up", "cumsum", "net.py:42", ("fc",), 6, 4, 0.6, 0.4))
    '`cumsum` at net.py:42 blocks 60.0 % of the MACs and 40.0 % of the parameters.'
    """
    known = reason.operator and reason.operator != _OUTPUT
    at = f" at {reason.place}" if reason.place else ""
    return (
        f"{f'`{reason.operator}`{at}' if known else 'This'} blocks {percent(reason.mac_share)} of "
        f"the MACs and {percent(reason.parameter_share)} of the parameters."
    )
