"""Pour an export into the user's own class."""

from pathlib import Path
from typing import TYPE_CHECKING

from prunescope.errors import BadReference

if TYPE_CHECKING:
    from torch import nn

    from prunescope.capture.graph import Inputs


def load_pruned(
    module: "nn.Module",
    export: str | Path,
    weights: str | Path | None = None,
    example: "Inputs | None" = None,
) -> "nn.Module":
    """Return ``module``, of the class that was pruned, with an export's weights in it.

    ``ps.load_pruned(Net(), "out")`` takes everything from the folder that ``Study.export`` wrote.

    Args:
        module: Modified in place; its own weights do not matter.
        export: An export's folder, with ``recipe.json`` and ``model.safetensors``; or the recipe
            alone, and ``weights``.
        weights: The export's safetensors file, where it lies elsewhere.
        example: A batch of two samples, as the model takes them. Needed where units are gone and
            the folder has no ``model.pt2`` to take one from.

    Raises:
        BadReference: The folder has no such files.
        CannotPrune: The class's forward holds sizes of its own; use the ``.pt2`` instead. Or there
            is no example.
        DataMismatch: The weights are not of this class.
    """
    from prunescope.export.load_export import load_export, stored_example
    from prunescope.export.recipe import RECIPE

    path = Path(export)
    folder = path if path.is_dir() else path.parent
    recipe = path / RECIPE if path.is_dir() else path
    tensors = Path(weights) if weights is not None else folder / "model.safetensors"
    for file in (recipe, tensors):
        if not file.is_file():
            raise BadReference(
                f"Expected an export's {recipe.name} and its safetensors file, but {file} does "
                "not exist. Name the folder of an export that has the format safetensors."
            )
    if example is None:
        example = stored_example(folder / "model.pt2")
    return load_export(module, recipe, tensors, example)
