"""Scale-normalised superposition: the subjects' noises add up, scaled as the dense logits are.

    ẑ = A z0 + Σ_l (A / a_l) (z_l − a_l z0),    a_l = <z_l, z0> / <z0, z0>,    A = Π a_l

Pruning makes logits smaller (``a_l < 1``); adding changes would count that shrinkage once per
subject. Here each subject is first brought back to the dense scale, so that its noise relative to
the logits does not depend on the others.

Source: worked out for this project (docs/science.md §2.4).
"""

from collections.abc import Sequence

import numpy as np

from prunescope.planning.prediction.subject_operator import DenseLogits, Operator


def superposition(reference: DenseLogits, operators: Sequence[Operator]) -> np.ndarray:
    """Return the logits ``(n, k)`` of all ``operators`` together; their order does not matter.

    One operator gives its own logits.
    """
    size = reference.rows.shape[1]
    scales = [operator.scale for operator in operators]
    matrix = np.eye(size, dtype=np.float32) * np.float32(np.prod(scales))
    shift = np.zeros(size, np.float32)
    noise = np.zeros_like(reference.rows)
    for index, operator in enumerate(operators):
        others = np.float32(np.prod(scales[:index] + scales[index + 1 :]))
        matrix += others * (
            operator.matrix - np.float32(operator.scale) * np.eye(size, dtype=np.float32)
        )
        shift += others * operator.shift
        noise += others * operator.noise
    logits: np.ndarray = reference.rows @ matrix + shift + noise
    return logits
