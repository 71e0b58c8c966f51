"""Look at a model with its data: what it is made of, and whether a study of them can be true."""

from dataclasses import replace
from typing import Final

import torch

from prunescope.bench.inspection import Inspection, inspection_of
from prunescope.bench.studied_part import network_or_part, scored
from prunescope.bench.workbench import assemble, example_of
from prunescope.errors import PrunescopeError
from prunescope.soundness.check_bench import check_bench
from prunescope.sources.data import load_data
from prunescope.sources.losses import load_loss
from prunescope.sources.models import load_model
from prunescope.sources.splits import Samples, Splits
from prunescope.study import Reference

_SCORED: Final = 512
"""Validation samples that are scored, spread over the split."""

_OTHERS: Final = 64
"""Samples of the other splits that are run, where anything is."""


def inspect_with_data(reference: Reference) -> Inspection:
    """Return what the model of ``reference`` is made of, with its data and metric checked.

    The score is that of 512 validation samples at most; samples in common are looked for in all.
    What keeps the checks from being made (labels that fit no output, say) is ``unchecked``.

    Args:
        reference: Of model, data and metric.
    """
    model, splits = load_model(reference), load_data(reference)
    network, cut = network_or_part(model, example_of(splits.calibration), reference.outputs)
    named = replace(reference, cut=cut)
    try:
        some = _some(splits)
        named, some, metric = scored(reference, network, cut, model, some)
        loss = load_loss(reference.loss, metric.has_classes)
        bench = assemble(named, network, some, metric, loss)
        checks = check_bench(bench, reference.metric, splits if cut is None else some)
    except PrunescopeError as error:
        return replace(inspection_of(named, network), unchecked=str(error))
    return replace(inspection_of(named, network, bench.manifest), soundness=checks)


def _some(splits: Splits) -> Splits:
    return replace(
        splits,
        calibration=_spread(splits.calibration, _OTHERS),
        validation=_spread(splits.validation, _SCORED),
        test=_spread(splits.test, _OTHERS),
    )


def _spread(samples: Samples, most: int) -> Samples:
    """At most ``most`` samples, evenly spread: data often lies in the order of its classes."""
    if len(samples) <= most:
        return samples
    return samples.picked(torch.linspace(0, len(samples) - 1, most).long())
