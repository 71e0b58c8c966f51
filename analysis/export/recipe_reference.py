"""Where a recipe's model and data lie here. Torch-free.

A recipe is a file that somebody sent. What it names and what would run code when it is loaded is
taken only from whoever applies the recipe, or where this account vouched for it already.
"""

from prunescope.commands import next_steps
from prunescope.errors import BadReference, NotTrusted
from prunescope.export.recipe import Recipe
from prunescope.store.trust import require_vouched, vouch
from prunescope.study import Reference
from prunescope.study.manifest import KEPT, LIVE

_ANY = Reference("sample:lenet5", "sample:fashion-mnist")
"""Stands in for the parts of a reference that are not in question; it is never loaded."""


def reference_here(
    recipe: Recipe,
    model: str | None = None,
    data: str | None = None,
    metric: str | None = None,
    weights: str | None = None,
) -> Reference:
    """Return what the recipe is applied to: as given, else as the recipe says.

    Args:
        recipe: As it was read.
        model: As for a sweep; vouched for, since whoever applies the recipe wrote it down.
        data: Likewise.
        metric: Likewise.
        weights: File of the dense model's weights; None where the model has its own.

    Raises:
        NotTrusted: The recipe names code that nobody here vouched for.
        BadReference: The recipe names something that is not here.
    """
    known = recipe.reference
    given = {"model": model, "data": data, "metric": metric}
    for kind, text in given.items():
        if text is not None:
            vouch(_with(kind, text))
            continue
        _require_here(kind, str(getattr(known, kind)))
    if known.weights is not None and weights is None:
        raise BadReference(
            f"Expected the weights that the recipe was made from, because it names a file of its "
            f"own ({known.weights}), but got none. Add {next_steps.recipe_part('weights')}."
        )
    return Reference(
        model or known.model,
        data or known.data,
        metric or known.metric,
        weights,
        known.random and weights is None,
        outputs=known.outputs,
        heads=known.heads,
    )


def _require_here(kind: str, text: str) -> None:
    """Of a part that was not given: it can be found from here, and runs nothing unknown."""
    option = next_steps.recipe_part(kind)
    if text.startswith((KEPT, LIVE)):
        raise BadReference(
            f"Expected the recipe's {kind}, because it is kept where the recipe was made "
            f"({text}), but got none. Add {option}."
        )
    try:
        require_vouched(_with(kind, text))
    except NotTrusted as error:
        raise NotTrusted(
            f"Expected code that you have named yourself on this machine, but the recipe names "
            f"{text} as its {kind}; none of it was run. Read it; if you trust it, add {option}."
        ) from error


def _with(kind: str, text: str) -> Reference:
    parts = {"model": _ANY.model, "data": _ANY.data, "metric": _ANY.metric} | {kind: text}
    return Reference(parts["model"], parts["data"], parts["metric"])
