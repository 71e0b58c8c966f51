"""Look at a model without measuring it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from prunescope.model_kinds.registry import kind_of
from prunescope.model_kinds.sample_studies import usual_metric
from prunescope.study import Reference
from prunescope.study.bounds import parse_shape

if TYPE_CHECKING:
    from torch import nn

    from prunescope.api.live_bench import Arrays
    from prunescope.bench.inspection import Inspection


def inspect(
    model: "str | nn.Module",
    example: "str | Arrays | None" = None,
    *,
    weights: str | Path | None = None,
    random: bool = False,
    metric: str | None = None,
    outputs: Iterable[str] = (),
    heads: str = "",
) -> "Inspection":
    """Return what ``model`` is made of: layers, groups, costs, and what cannot be pruned and why.

    With a reference to data, also whether a study of them can be true (``soundness``).

    ``ps.inspect(net, torch.randn(2, 3, 32, 32))``; a live module is only read.

    Args:
        model: A module, or a reference as on the command line.
        example: A batch as the model takes it: a tensor, an array, a tuple or a dict of them; or
            text, a reference to data or a shape without the batch such as ``"3,224,224"``. Not
            needed for models by name that know their inputs.
        weights: A weights file for a model given by reference.
        random: Keep the random weights of a model by name.
        outputs: Names (or positions) of outputs that have to stay; all by default.
        heads: ``key-value`` for key-value heads as the units of grouped queries.
        metric: By which a reference to data is checked: the usual one by default.

    Raises:
        BadReference: Nothing says what goes into the model.
        DataMismatch: The model does not run on the example.
    """
    shape = example if isinstance(example, str) and _is_shape(example) else None
    if shape is not None:
        parse_shape(shape)  # before anything is loaded
    from prunescope.bench.inspection import inspect_model, inspect_network, model_example
    from prunescope.bench.workbench import example_of
    from prunescope.sources.live_data import live_samples
    from prunescope.sources.live_model import copied_model, model_name
    from prunescope.sources.models import load_model

    name = model if isinstance(model, str) else model_name(model)
    data = example if isinstance(example, str) and shape is None else ""
    reference = Reference(name, data, weights=str(weights) if weights else None, random=random)
    reference = replace(reference, outputs=tuple(outputs), heads=heads)
    reference = replace(reference, metric=metric or usual_metric(model, data))
    if isinstance(model, str) and data and not _looked_at_with_random_weights(reference):
        from prunescope.soundness.inspect_data import inspect_with_data

        return inspect_with_data(reference)
    if isinstance(model, str) and (example is None or isinstance(example, str)):
        return inspect_model(reference, shape)
    if example is None or isinstance(example, str):
        batch = model_example(reference, shape)
    else:
        batch = example_of(live_samples("the example", (example, None)))
    made = load_model(reference) if isinstance(model, str) else copied_model(model)
    return inspect_network(reference, made, batch)


def _looked_at_with_random_weights(reference: Reference) -> bool:
    """Whether nothing is downloaded just to look; scores would then say nothing."""
    named = kind_of(reference.model)
    return named is not None and named[0].downloads and reference.weights is None


def _is_shape(text: str) -> bool:
    return text.replace("x", ",").replace(",", "").replace(" ", "").isdigit()
