"""Logit-operator composition: one subject after the other acts on what is left of the logits.

    ẑ ← ẑ M_l + b_l + A^damping E_l    in forward order, from z0;  A = Π of the scales so far

The operators see each other (an early layer's noise passes through every later ``M``), which
superposition leaves out. At ``damping`` 0 noise comes in as it was measured (the composition of
SCIENCE 2.4): relative to logits that have shrunk already it weighs more. At 1 it shrinks along.

Source: worked out for this project (SCIENCE 2.4, LOC); ``damping`` is added here.
"""

from collections.abc import Sequence

import numpy as np

from analysis.planning.predictors.operators import Operator, Reference
from analysis.planning.predictors.superposition import LEAST


def composition(
    reference: Reference, operators: Sequence[Operator], damping: float = 0.0
) -> np.ndarray:
    """Return the logits ``(n, k)`` of all ``operators``, given in forward order.

    One operator gives its own logits; operators that change nothing leave the dense ones.
    """
    rows = reference.rows
    before = 1.0
    for each in operators:
        weight = np.float32(before**damping)
        rows = rows @ each.matrix
        rows += each.shift
        rows += each.noise if weight == 1 else weight * each.noise
        before *= max(each.scale, LEAST)
    return rows
