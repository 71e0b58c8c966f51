"""Logit-operator composition: the subjects' operators are applied to the logits one by one.

    ẑ ← ẑ M_l + b_l + E_l    in forward order, from z0

Operators interact (an early layer's noise passes through every later ``M``), which superposition
leaves out. Noise is added as it was measured, so it weighs more on logits that have already shrunk.

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
    for operator in operators:
        rows = rows @ operator.matrix
        rows += operator.shift
        rows += operator.noise
    return rows
