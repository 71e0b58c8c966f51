"""What a model does to a picture before it sees it, as the model's reference tells."""

from collections.abc import Callable
from typing import Any, cast

from prunescope.model_kinds.registry import kind_of
from prunescope.sources.functions import find_function, is_function


def own_preprocessing(model: str) -> Callable[[Any], Any] | None:
    """Return the preprocessing of the kind of ``model``, or the attribute ``preprocess`` of its
    function; None where nobody says.
    """
    named = kind_of(model)
    if named is not None:
        return named[0].transform(named[1])
    if is_function(model):
        own = getattr(find_function("model", model), "preprocess", None)
        if callable(own):
            return cast(Callable[[Any], Any], own)
    return None
