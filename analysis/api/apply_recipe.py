"""Apply a recipe that somebody sent, in Python. Torch-free until it is called."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prunescope.api.progress import shown
from prunescope.errors import BadReference
from prunescope.export.formats.format import MOST_LOST
from prunescope.export.recipe import RECIPE, read_recipe
from prunescope.export.recipe_reference import reference_here
from prunescope.progress import Progress
from prunescope.study.bounds import checked_path

if TYPE_CHECKING:
    from prunescope.export.apply_recipe import Applied

TUNED = "model.safetensors"
"""Where an export's fine-tuned weights lie beside its recipe."""


def apply(
    recipe: str | Path,
    folder: str | Path,
    model: str | None = None,
    data: str | None = None,
    metric: str | None = None,
    weights: str | Path | None = None,
    tuned: str | Path | None = None,
    new_weights: bool = False,
    formats: Sequence[str] | None = None,
    progress: Progress | None = None,
    force: bool = False,
    most_lost: float = MOST_LOST,
) -> "Applied":
    """Return what came of building a recipe's pruned model again, written to ``folder``.

    ``ps.apply("recipe.json", "out", model="net.py:make", data="images.npz", weights="net.pt")``

    Args:
        recipe: An export's ``recipe.json``. Nothing that it names is run unless it is named here
            too, or this account vouched for it.
        folder: For the files.
        model: As for ``ps.sweep``; as the recipe says by default.
        data: Likewise. It checks the recipe's fingerprint, and criteria and recoveries read it.
        metric: Likewise.
        weights: File of the dense model's weights.
        tuned: Fine-tuned weights; ``model.safetensors`` beside the recipe by default.
        new_weights: Accept other weights of the same architecture: scored and recovered anew.
        formats: Some of the export formats; the usual ones by default.
        progress: Where to report to.
        force: Replace files in ``folder`` that Prunescope did not write.
        most_lost: Of the mean score, that files in coarser numbers may lose.

    Raises:
        ForeignStudy: Weights, data or metric are not the recipe's, or the architecture is not.
        NotTrusted: The recipe names code that is not named here.
    """
    path = checked_path(recipe, "the recipe")
    path = path / RECIPE if path.is_dir() else path
    if not path.is_file():
        raise BadReference(
            f"Expected a recipe in {path}, but there is no such file. Name an export's {RECIPE}."
        )
    known = read_recipe(path)
    beside = path.with_name(TUNED)
    taken = Path(tuned) if tuned is not None else beside if beside.is_file() else None
    reference = reference_here(
        known, model, data, metric, None if weights is None else str(weights)
    )
    with shown(progress) as report:
        from prunescope.export.apply_recipe import apply_recipe

        return apply_recipe(
            known, reference, checked_path(folder, "the folder"), formats, taken, new_weights,
            report, force, most_lost,
        )  # fmt: skip
