"""The recipe as a format: a small file that makes the same weights again from the dense model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.export.formats.format import Format, LoadingCode, quotable
from prunescope.export.formats.safetensors import FILE as WEIGHTS
from prunescope.export.loaded import Loaded, LoadedModule

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.export_report import Check
    from prunescope.export.promise import Promise
    from prunescope.export.recipe import Recipe


class RecipeFormat(Format):
    """``recipe.json``, replayed; see ``prunescope.export.recipe``."""

    name = "recipe"
    file = "recipe.json"
    title = "Recipe"
    purpose = (
        "Makes the same weights again from the dense model; small enough to mail or to review."
    )
    rank = 3
    recovered = (
        "Says how the weights came to be; replayed with the plain weights, which come with it, "
        "since fine-tuning is not repeated."
    )
    note = "replay it too; a fine-tuned one brings safetensors"
    evaluated = False

    def write(self, made: Deliverable, folder: Path) -> None:
        """Write fine-tuned weights, which a replay only checks; the recipe is there already."""
        from prunescope.export.formats import safetensors
        from prunescope.export.tensors import saved_tensors

        if made.recipe.recovered:
            safetensors.write(saved_tensors(made.module), folder / WEIGHTS)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Replay the recipe, with the plain weights beside it where there are any."""
        from prunescope.export.recipe import read_recipe
        from prunescope.export.replay_recipe import replay

        weights = recipe.with_name(WEIGHTS)
        known, own = read_recipe(file), weights if weights.is_file() else None
        return LoadedModule(lambda: replay(known, own, study), threads)

    def companions(self, recovered: bool) -> tuple[str, ...]:
        """Fine-tuned weights come with their recipe."""
        return ("safetensors",) if recovered else ()

    def why_companions(self) -> str:
        """Return why plain weights are written too."""
        return "the recipe does not repeat the fine-tuning"

    def without(self, companion: Format, reason: str | None) -> str:
        """Return why nothing is written where the plain weights failed."""
        return (
            f"This recipe is replayed with the {companion.title.lower()}, and they are not "
            f"offered: {reason}"
        )

    def size(self, file: Path, tensors: int, promised: Promise) -> Check:
        """Return the check of the tensors that the replay made."""
        from prunescope.export.promised_bytes import tensors_alone

        del file
        return tensors_alone(tensors, promised)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that replays; it is not tried, since that takes as long as a sweep."""
        again = (
            "masks again and checks model.safetensors with them"
            if recipe.recovered
            else "weights again from the dense model"
        )
        return LoadingCode(_REPLAY.format(again=again, model=quotable(recipe.reference.model)))


_REPLAY: Final = '''

def replay(study=None):
    """recipe.json: makes the {again} (needs prunescope).

    Name the study's folder where it keeps the network ({model}), or else what it was made from
    is loaded again.
    """
    from prunescope.export.recipe import read_recipe
    from prunescope.export.replay_recipe import replay

    recipe = read_recipe(HERE / "recipe.json")
    return replay(recipe, HERE / "model.safetensors", study and Path(study))
'''

FORMAT = RecipeFormat()
