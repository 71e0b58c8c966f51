"""Scale-normalised superposition: every subject's noise beside the dense logits, added up.

    ẑ = A z0 + Σ_l (A / a_l) c_l (z_l − a_l z0),    a_l = <z_l, z0> / <z0, z0>,    A = Π a_l

Pruning makes logits smaller (``a_l < 1``); adding changes would count that shrinkage once per
subject. Here each subject is first brought back to the dense scale. ``c_l`` is the scale left by
the subjects before ``l`` to the power ``damping − 1``: at damping 1 a subject's noise relative to
the logits does not depend on the others (the superposition of SCIENCE 2.4); below 1 what was
pruned earlier makes later noise louder, above 1 softer.

Source: worked out for this project (SCIENCE 2.4, SNS); ``damping`` is added here.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.planning.predictors.operators import Operator, Reference

LEAST: Final = 0.02
"""Of a scale where it is raised to a power: logits that are gone say nothing of those after."""


def superposition(
    reference: Reference, operators: Sequence[Operator], damping: float = 1.0
) -> np.ndarray:
    """Return the logits ``(n, k)`` of all ``operators`` together, given in forward order.

    One operator gives its own logits; at ``damping`` 1 the order does not matter.
    """
    size = reference.rows.shape[1]
    scales = [each.scale for each in operators]
    matrix = np.eye(size, dtype=np.float32) * np.float32(np.prod(scales))
    shift = np.zeros(size, np.float32)
    noise = np.zeros_like(reference.rows)
    before = 1.0
    for place, each in enumerate(operators):
        others = float(np.prod(scales[:place] + scales[place + 1 :]))
        weight = np.float32(others * before ** (damping - 1))
        matrix += weight * (each.matrix - np.float32(each.scale) * np.eye(size, dtype=np.float32))
        shift += weight * each.shift
        noise += weight * each.noise
        before *= max(each.scale, LEAST)
    found: np.ndarray = reference.rows @ matrix + shift + noise
    return found
