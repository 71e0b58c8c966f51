"""Logit-operator composition: one subject after the other acts on what is left of the logits.

    ẑ ← ẑ M_l + b_l + E_l    in forward order, from z0

The operators see each other (an early layer's noise passes through every later ``M``), which
superposition leaves out. Noise comes in as it was measured: relative to logits that have shrunk
already it weighs more.

Source: worked out for this project (docs/science.md §2.4).
"""

from collections.abc import Sequence

import numpy as np

from prunescope.planning.prediction.subject_operator import DenseLogits, Operator


def composition(reference: DenseLogits, operators: Sequence[Operator]) -> np.ndarray:
    """Return the logits ``(n, k)`` of all ``operators``, given in forward order.

    One operator gives its own logits; operators that change nothing leave the dense ones.
    """
    rows = reference.rows
    for each in operators:
        rows = rows @ each.matrix
        rows += each.shift
        rows += each.noise
    return rows
