"""Prunescope's engine: sweep, plan, recover and export pruned PyTorch networks."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from prunescope.capture.graph import Inputs

if __name__ != "prunescope":  # the folder found by its own name, from the repository's root
    raise ImportError(f"Import this package as prunescope, not as {__name__}.")

__version__ = "0.1.0"


def load_pruned(
    module: "nn.Module",
    recipe: str | Path,
    weights: str | Path,
    example: "Inputs | None" = None,
) -> "nn.Module":
    """Return ``module``, of the class that was pruned, with an export's weights in it.

    Args:
        module: Modified in place; its own weights do not matter.
        recipe: The export's ``recipe.json``.
        weights: The export's safetensors file.
        example: A batch of two samples, as the model takes them; needed where units are gone.

    Raises:
        CannotPrune: The class's forward holds sizes of its own; use the ``.pt2`` instead.
    """
    from prunescope.export.load_export import load_export  # torch stays out of ``import analysis``

    return load_export(module, Path(recipe), Path(weights), example)
