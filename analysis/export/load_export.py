"""Pour an export into the user's own ``nn.Module`` class."""

from pathlib import Path

from torch import nn

from prunescope.capture.graph import Inputs
from prunescope.errors import CannotPrune
from prunescope.export.formats.safetensors import kept_units
from prunescope.export.recipe import read_recipe
from prunescope.removal import load_pruned
from prunescope.sources.pt2 import program_inputs
from prunescope.sources.weights import load_weights, pour


def stored_example(program: Path) -> Inputs | None:
    """Return the batch that an export's ``.pt2`` file was captured with, or None without one."""
    return program_inputs(program) if program.is_file() else None


def load_export(
    module: nn.Module, recipe: Path, weights: Path, example: Inputs | None = None
) -> nn.Module:
    """Return ``module`` with an export's weights in it, smaller where units are gone.

    Args:
        module: Of the class that was pruned; modified in place, its own weights do not matter.
        recipe: The export's ``recipe.json``.
        weights: The export's safetensors file.
        example: A batch of two samples, as the model takes them; needed where units are gone.

    Raises:
        CannotPrune: The forward of this class holds sizes of its own, so only the exported graph
            can be smaller; or an example is missing.
        DataMismatch: The weights are not of this class.
    """
    known = read_recipe(recipe)
    tensors = load_weights(weights)
    if not known.units:
        pour(module, tensors, str(weights))
        return module.eval()
    if example is None:
        raise CannotPrune(
            "Expected an example batch, because units are gone and the class has to be captured "
            "to see where, but got none. Pass example=, a batch of two samples."
        )
    removal = {each.group: kept_units(each) for each in known.units}
    outputs = known.reference.outputs
    return load_pruned(module, removal, tensors, example, outputs=outputs).eval()
