"""Which predictors can be in force, best first: what the study's data can bear decides.

Logits tell a score only where the score is a share of right classes. Of the metrics of users
nothing is known: their scores need not follow the logits at all (several sigmoids, a pitch, a
distance), and a KL between such outputs means nothing, so there only measured drops are added up.

A mean of several predictors begins, whatever the classes, samples and layers are: by what is known
before a plan is verified nothing was found that chooses better (``predictors``). How many samples
there are for each coefficient decides within superposition (``subject_operator``).
"""

import math

from prunescope.planning.prediction.possible_drops import counts_samples
from prunescope.planning.prediction.predictors import (
    COMBINES,
    MEAN,
    SUM,
    SUM_ENTROPY,
    SUM_KL,
    SUMS,
    SUPERPOSITION,
    Case,
    predicted_drop,
)
from prunescope.study import Manifest


def order_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the predictors that can be in force for a study, the one to begin with first."""
    if not counts_samples(manifest):
        return (SUM,)
    return (MEAN, SUPERPOSITION, SUM_KL, SUM_ENTROPY, SUM)


def applicable(case: Case) -> list[str]:
    """Return those that can say something of a plan.

    Logits are not combined to find out, which is slow.
    """
    sums = [name for name in SUMS if not math.isnan(predicted_drop(name, case))]
    return [*COMBINES, *sums] if case.logits else sums
