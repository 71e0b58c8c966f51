"""Which predictors can be in force, best first: what the study's data can bear decides.

Logits tell a score only where the score is a share of right classes. Of the metrics of users
nothing is known: their scores need not follow the logits at all (several sigmoids, a pitch, a
distance), and a KL between such outputs means nothing, so there only measured drops are added up.

With more classes than coordinates (``logit_coordinates``) superposition sees only the likeliest
classes, and the mean with the sum of KL is better, if there are samples enough to map a KL to a
drop: of 64 samples every single one is a point and a half. How many samples there are for each
coefficient decides within superposition (``subject_operator``).
"""

import math
from typing import Final

from prunescope.planning.prediction.logit_coordinates import MOST
from prunescope.planning.prediction.possible_drops import counts_samples
from prunescope.planning.prediction.predictors import (
    COMBINES,
    MIXED,
    SUM,
    SUM_ENTROPY,
    SUM_KL,
    SUMS,
    SUPERPOSITION,
    Case,
    predicted_drop,
)
from prunescope.study import Manifest

ENOUGH: Final = 500
"""Samples from which the study's own points map a KL to a drop of many classes."""


def order_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the predictors that can be in force for a study, the one to begin with first."""
    if not counts_samples(manifest):
        return (SUM,)
    baseline = manifest.baseline
    many = baseline is not None and len(baseline.class_samples) > MOST
    logits = (SUPERPOSITION, MIXED)
    if many and baseline is not None and baseline.samples >= ENOUGH:
        logits = (MIXED, SUPERPOSITION)
    return (*logits, SUM_KL, SUM_ENTROPY, SUM)


def applicable(case: Case) -> list[str]:
    """Return those that can say something of a plan.

    Logits are not combined to find out, which is slow.
    """
    sums = [name for name in SUMS if not math.isnan(predicted_drop(name, case))]
    return [*COMBINES, *sums] if case.logits else sums
