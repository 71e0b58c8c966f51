"""A criterion of the user's own: a function from evidence to scores, checked at every call.

The function takes an ``Evidence`` and returns a mapping. Its keys are

* parameter names, as in ``evidence.weights()``: a tensor shaped like the weight, higher = keep;
* names of ``evidence.groups``: a tensor ``(units,)``, for the granularities ``channel`` and
  ``head``. A group without an entry gets, per unit, the sum of the scores of all weights that
  leave with the unit.

>>> def score(evidence):
...     return {name: weight.abs() for name, weight in evidence.weights().items()}

It is referred to as ``file.py:function`` or ``package.module:function``. What is measured with it
is kept under ``REFERENCE#HASH``, the hash of its source file, so that an edited function is another
criterion. Files that it imports do not count.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from prunescope.criteria.criterion import Criterion
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.unit_scores import parameters, summed
from prunescope.errors import BadValue, OutOfMemory, UnknownName
from prunescope.sources.functions import find_function, require_kept
from prunescope.sources.live_function import function_hash, function_name, require_as_imported
from prunescope.store.trust import require_vouched_function
from prunescope.user_code.guard import guarded

HASH: Final = "#"
"""Between a criterion's reference and the hash of its source."""

_DIGITS: Final = 10
_PATIENCE: Final = 10
"""A criterion may run over all calibration samples: it gets ten times the patience of a call."""

Scoring = Callable[[Evidence], Mapping[str, Any]]
"""What a user writes."""

_KNOWN: Final[dict[str, Criterion]] = {}
"""Full name → criterion, for all functions that this process has met: a name says what it does."""


def user_criterion(given: str | Scoring) -> Criterion:
    """Return the criterion of a reference or of a live function.

    Args:
        given: ``file.py:function``, with or without its hash, or a function.

    Raises:
        BadReference: The reference leads nowhere, or to a live function of another process.
        BadValue: The reference's hash is of another source: the function was edited.
    """
    if isinstance(given, str) and given in _KNOWN:
        return _KNOWN[given]
    reference, _, wanted = given.partition(HASH) if isinstance(given, str) else ("", "", "")
    if isinstance(given, str):
        require_kept("criterion", given)
        require_vouched_function(reference)
        function: Scoring = find_function("criterion", reference)
    else:
        function, reference = given, function_name(given)
    require_as_imported(function, reference)
    digest = function_hash(function, "criterion")[:_DIGITS]
    if wanted and wanted != digest:
        raise BadValue(
            f"Expected criterion {reference} to be the function that was measured ({wanted}), but "
            f"its file has changed since ({digest}). Measure with it anew, or restore the file."
        )
    name = f"{reference}{HASH}{digest}"
    return _KNOWN.setdefault(name, _criterion(name, reference, function))


def _criterion(name: str, reference: str, function: Scoring) -> Criterion:
    text = (function.__doc__ or "").strip().splitlines()
    definition = text[0] if text else f"What {reference} returns."

    def weights(evidence: Evidence) -> dict[str, Tensor]:
        scores = _scores(reference, function, evidence)
        names = [layer.parameter for layer in evidence.layers]
        missing = [parameter for parameter in names if parameter not in scores]
        if missing:
            raise BadValue(
                f"Expected criterion {reference} to score every prunable weight, but "
                f"{missing[0]} has no score. Return a tensor for each of evidence.weights()."
            )
        return {parameter: scores[parameter] for parameter in names}

    def units(evidence: Evidence) -> dict[str, Tensor]:
        scores = _scores(reference, function, evidence)
        found = {}
        for group in evidence.groups:
            members = [m for m in parameters(group) if m.parameter in scores]
            if group.name in scores:
                found[group.name] = scores[group.name].double()
            elif members:
                found[group.name] = summed(group, scores, members)
        return found

    return Criterion(
        name=name,
        title=reference.rpartition(":")[2],
        definition=definition,
        source=f"Your own: {reference}.",
        needs="labels",  # nobody knows what it reads, so no pass without labels counts on it
        weights=weights,
        units=units,
        unit_definition=f"{definition} Units: its own score, or the sum over all their weights.",
    )


def _scores(reference: str, function: Scoring, evidence: Evidence) -> dict[str, Tensor]:
    """What the function returns, checked; the network must be as before."""
    known = dict(evidence.network.module.named_parameters(remove_duplicate=False))
    before = {name: parameter._version for name, parameter in known.items()}
    try:
        with guarded(
            f"criterion {reference} to score the weights", "Mend the function.",
            doing=f"scoring by {reference}", times=_PATIENCE,
        ):  # fmt: skip
            given = function(evidence)
    except OutOfMemory as error:  # not to be tried again on fewer validation samples
        raise BadValue(str(error)) from error
    changed = [name for name, parameter in known.items() if parameter._version != before[name]]
    if changed:
        raise BadValue(
            f"Expected criterion {reference} to leave the network as it is, but it wrote to "
            f"{changed[0]}. Work on copies: weight.clone()."
        )
    if not isinstance(given, Mapping):
        raise BadValue(
            f"Expected criterion {reference} to return a dict of tensors by parameter name, but "
            f"got {type(given).__name__}. Return for example {{name: weight.abs() for name, weight "
            "in evidence.weights().items()}."
        )
    shapes: dict[str, tuple[int, ...]] = {group.name: (group.units,) for group in evidence.groups}
    shapes |= {name: tuple(parameter.shape) for name, parameter in known.items()}
    return {
        str(name): _checked(reference, str(name), value, shapes) for name, value in given.items()
    }


def _checked(
    reference: str, name: str, value: object, shapes: Mapping[str, tuple[int, ...]]
) -> Tensor:
    if name not in shapes:
        raise UnknownName.among(f"what criterion {reference} scores", name, shapes)
    if not isinstance(value, Tensor | np.ndarray):
        raise BadValue(
            f"Expected criterion {reference} to score {name} with a tensor, but got "
            f"{type(value).__name__}. Return a tensor of shape {shapes[name]}."
        )
    with guarded(f"criterion {reference} to score {name}", "Return a plain dense tensor."):
        score = torch.as_tensor(value).detach()
    if score.is_complex() or score.layout != torch.strided or score.device.type == "meta":
        kind = "complex" if score.is_complex() else str(score.layout).removeprefix("torch.")
        raise BadValue(
            f"Expected criterion {reference} to score {name} with real numbers in a dense tensor, "
            f"but got a {kind} one on {score.device}. Take .abs(), or call .to_dense()."
        )
    score = score.cpu()
    if tuple(score.shape) != shapes[name]:
        raise BadValue(
            f"Expected criterion {reference} to score {name} with shape {shapes[name]}, but got "
            f"{tuple(score.shape)}. Give every weight, or every unit of a group, its own score."
        )
    score = score if score.is_floating_point() else score.float()
    if not bool(score.isfinite().all()):
        raise BadValue(
            f"Expected criterion {reference} to give finite scores, but some of {name} are NaN or "
            "infinite. Clamp them, or add a small number to what it divides by."
        )
    return score.clone()
