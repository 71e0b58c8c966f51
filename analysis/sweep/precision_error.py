"""Measure what a lower precision does to the dense model, before anything is measured in it."""

import math
from dataclasses import replace

from prunescope.bench.evaluate import compare, evaluate
from prunescope.bench.workbench import Workbench
from prunescope.store.folder import StudyFolder
from prunescope.study.computations import PrecisionError


def precision_error(bench: Workbench) -> PrecisionError:
    """Return how far the dense model in ``bench.precision`` is from itself in single precision.

    On every validation sample; it takes one dense pass.
    """
    validation = bench.splits.validation
    lower = evaluate(bench.network.module, validation, bench.metric, bench.batch, bench.precision)
    sums = compare(bench.dense, lower, None, 0)
    size = (bench.dense.score.double() - lower.score.double()).abs().mean().item()
    agreement = sums.agreements / sums.samples if sums.agreements >= 0 else None
    divergence = sums.divergence_sum / sums.samples
    return PrecisionError(
        bench.computed_on, sums.samples, sums.drop_sum / sums.samples, size, agreement,
        None if math.isnan(divergence) else divergence,
    )  # fmt: skip


def note_precision(study: StudyFolder, error: PrecisionError) -> StudyFolder:
    """Return ``study`` with ``error`` in its manifest, once for each device and precision.

    Repeated points are added up.
    """
    known = {each.computed_on: each for each in study.manifest.precisions}
    before = known.get(error.computed_on)
    if before is not None:
        error = replace(error, repeated=before.repeated + error.repeated)
    known[error.computed_on] = error
    return study.update(replace(study.manifest, precisions=tuple(known.values())))
