"""The list of recoveries, which command line and dashboard read. Torch-free."""

from typing import Final

RECOVERIES: Final = ("none", "bn", "ls", "refit", "distil")
"""In the order in which links and files number them; new ones go to the end."""

TRAINING_STEPS: Final = 300
TRAINING_BATCH: Final = 128
"""Steps of ``distil``, and the calibration inputs that each one looks at."""

MOVES_DENSE: Final = frozenset({"bn"})
"""Those that change the dense network itself; the others leave it as it is."""

REFITS: Final = frozenset({"ls", "refit", "distil"})
"""Those that refit, in forward order, every layer behind what was pruned."""

TRAINS: Final = frozenset({"distil"})
"""Those that take steps along gradients, half a minute and more for each plan or point."""

REVISIONS: Final = {"ls": 1}
"""How often a change to one recovery alone changed its measurements; never lowered.

``ls`` 1: a point is refitted in forward order, all that lies behind it, as a plan always was.
"""
CALIBRATED: Final = 1024
"""Calibration samples on which batch norms are estimated again, at most."""
FITTED: Final = 4096
"""Calibration inputs that ``refit`` looks at, at most, where a layer sees few rows of each."""
_ROOM: Final = 1 << 30
"""Bytes that the activations of a refit's walks may take."""
_FEWEST: Final = 32
KEPT_BYTES: Final = 256 << 20
"""Bytes of pruned weights that replay keeps from chunk to chunk; beyond, they are made again."""
WALKED_AGAIN: Final = 32
"""How much more points take than the dense network that is computed again for them, at least."""

TITLES: Final = {
    "none": "As pruned",
    "bn": "Batch norm re-estimated",
    "ls": "Least squares",
    "refit": "Refit through activations",
    "distil": "Distilled, 300 training steps",
}
"""Recovery → what people call it."""


def refitted(calibration: int, activation_bytes: int, most: int = CALIBRATED) -> int:
    """Return how many calibration inputs a refit looks at: both walks' activations fit in a room.

    At least 32, at most ``most`` and what there is.

    Args:
        calibration: Samples that there are.
        activation_bytes: Largest sum of tensors alive at once for one sample.
        most: Inputs that are wanted.

    >>> refitted(5000, 100), refitted(5000, 1 << 20), refitted(5000, 1 << 40), refitted(9, 0)
    (1024, 512, 32, 9)
    """
    fitting = max(_FEWEST, min(most, _ROOM // max(2 * activation_bytes, 1)))
    return min(fitting, calibration)
