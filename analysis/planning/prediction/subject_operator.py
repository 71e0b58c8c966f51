"""The effect of pruning one subject on the logits, as a linear operator and noise.

``z ≈ z0 M + b`` by ridge least squares towards the identity; what is left is the noise ``E``, so
that ``z = z0 M + b + E`` exactly. For fixed ``z0``, ``M``, ``b`` and ``E`` are linear in ``z``.

Source: worked out for this project (docs/science.md §2.4); no prior art known to
its authors. With fewer samples than coefficients bear, ``M`` is one scale for all coordinates.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

RIDGE: Final = 1e-3
"""Of the mean diagonal of ``z0ᵀz0``: pulls ``M`` towards the identity."""

PER_COEFFICIENT: Final = 20
"""Samples wanted for each coefficient that is fitted per output."""


@dataclass(frozen=True)
class Operator:
    """One pruned subject, seen from the logits.

    Attributes:
        matrix: ``(k, k)``.
        shift: ``(k,)``.
        noise: ``(n, k)``.
        scale: ``<z, z0> / <z0, z0>``: how much of the dense logits is left.
        loudness: Root mean square of the noise.
        excess: Drop on all samples of the split minus drop on the ``n`` whose logits are kept.
    """

    matrix: np.ndarray
    shift: np.ndarray
    noise: np.ndarray
    scale: float
    loudness: float
    excess: float = 0.0


@dataclass(frozen=True)
class DenseLogits:
    """The dense model's logits, prepared for fitting operators against.

    Attributes:
        rows: ``(n, k)`` float32, centred.
        solver: ``(k + 1, n)``: times a change of the logits gives ``M − 1`` and ``b``.
        energy: ``<z0, z0>`` over single classes.
        classes: How many of the ``k`` columns are single classes, the first ones. A column of all
            others' summed exponentials does not shrink as logits do, so scales leave it out.
    """

    rows: np.ndarray
    solver: np.ndarray
    energy: float
    classes: int

    @classmethod
    def of(cls, rows: np.ndarray, classes: int | None = None) -> Self:
        """Return the reference of centred dense logits ``(n, k)``.

        Args:
            rows: The logits.
            classes: How many columns are single classes; None for all.
        """
        classes = rows.shape[1] if classes is None else classes
        wide = np.concatenate([rows, np.ones((len(rows), 1))], axis=1, dtype=np.float64)
        gram = wide.T @ wide
        size = rows.shape[1]
        ridge = RIDGE * np.trace(gram[:size, :size]) / size + 1e-9
        gram[np.arange(size), np.arange(size)] += ridge
        gram[size, size] += 1e-9
        solver = np.linalg.solve(gram, wide.T).astype(np.float32)
        energy = float(np.sum(np.square(rows[:, :classes], dtype=np.float64))) or 1.0
        return cls(rows, solver, energy, classes)

    def fit(self, rows: np.ndarray) -> Operator:
        """Return the operator that makes ``rows`` ``(n, k)`` of the dense logits."""
        size = rows.shape[1]
        own, dense = rows[:, : self.classes], self.rows[:, : self.classes]
        scale = float(np.sum(own * dense, dtype=np.float64) / self.energy)
        identity = np.eye(size, dtype=np.float32)
        if len(rows) < PER_COEFFICIENT * (size + 1):
            matrix, shift = np.float32(scale) * identity, np.zeros(size, np.float32)
        else:
            coefficients = self.solver @ (rows - self.rows)
            matrix, shift = identity + coefficients[:size], coefficients[size]
        noise = rows - self.rows @ matrix - shift
        return Operator(matrix, shift, noise, scale, root_mean_square(noise))

    def nothing(self) -> Operator:
        """Return the operator of a subject that stays dense."""
        size = self.rows.shape[1]
        shift = np.zeros(size, np.float32)
        return Operator(np.eye(size, dtype=np.float32), shift, np.zeros_like(self.rows), 1.0, 0.0)


def between(lower: Operator, upper: Operator, part: float) -> Operator:
    """Return the operator at ``part`` (0 to 1) of the way from ``lower`` to ``upper``.

    Linear, except that the noise is rescaled to the interpolated loudness: the mean of two
    different noises is softer than either, unlike the noise of a network pruned to between them.
    """
    if part <= 0 or part >= 1:
        return lower if part <= 0 else upper
    shares = np.array([1 - part, part])
    inner_product = float(np.dot(lower.noise.ravel(), upper.noise.ravel())) / max(
        lower.noise.size, 1
    )
    products = np.array([[lower.loudness**2, inner_product], [inner_product, upper.loudness**2]])
    mixed_loudness = math.sqrt(max(float(shares @ products @ shares), 0.0))
    target_loudness = (1 - part) * lower.loudness + part * upper.loudness
    weights = (shares * (target_loudness / mixed_loudness if mixed_loudness > 0 else 1.0)).astype(
        np.float32
    )
    noise = weights[0] * lower.noise
    noise += weights[1] * upper.noise
    return Operator(
        (1 - part) * lower.matrix + part * upper.matrix,
        (1 - part) * lower.shift + part * upper.shift,
        noise,
        (1 - part) * lower.scale + part * upper.scale,
        target_loudness,
        (1 - part) * lower.excess + part * upper.excess,
    )


def root_mean_square(rows: np.ndarray) -> float:
    """Return the root of the mean square of all elements, 0 for none."""
    flat = rows.ravel()
    return float(np.sqrt(np.dot(flat, flat) / max(flat.size, 1)))
