"""Which heads are the units where key-value heads serve several query heads."""

from prunescope import coupling
from prunescope.capture.network import Network
from prunescope.errors import CannotPrune


def choose_heads(network: Network, heads: str) -> None:
    """Let the groups of ``network`` be those of ``heads`` from now on.

    Args:
        network: Captured; its groups must not be known yet.
        heads: ``key-value`` or empty, as ``prunescope.study.Reference``.

    Raises:
        CannotPrune: Key-value heads are asked for, and none serves several query heads.
    """
    if not heads:
        return
    if network.captured is None or not coupling.repeats_heads(network.captured):
        raise CannotPrune(
            "Expected a network in which key-value heads serve several query heads, but "
            f"{network.problem or 'it has none.'} Leave the choice of heads out."
        )
    coupling.choose_heads(network.captured, heads)
