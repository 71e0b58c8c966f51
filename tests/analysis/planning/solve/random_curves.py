"""Curves of networks on paper, for the tests of the solvers."""

from itertools import product

import numpy as np

from benchmarks._paper import curves_of
from prunescope.curves.curve import CurveKey, Curves
from prunescope.planning.solve import Problem
from prunescope.study import Manifest

SPARSITIES = (0.25, 0.5, 0.75)


def measured(manifest: Manifest, kind: str, seed: int) -> Curves:
    """Curves of two methods at ``kind`` (weight, channel or both)."""
    names = ("magnitude", "taylor")
    found: dict[CurveKey, object] = {}
    for granularity in ("weight", "channel"):
        if kind in (granularity, "both"):
            found |= curves_of(manifest, names, SPARSITIES, seed, granularity)
    return found  # type: ignore[return-value]


def brute(problem: Problem, limits: np.ndarray) -> float | None:
    """The least objective of all assignments within the limits that keep conflicts and needs."""
    every = np.array(list(product(*(range(size) for size in problem.sizes))), np.intp)
    rows = np.arange(len(problem.subjects))
    allowed = np.ones(len(every), bool)
    for a, b in problem.conflicts:
        on = problem.active[rows[None], every]
        allowed &= ~(on[:, a] & on[:, b])
    for a, b in problem.needs:
        on = problem.active[rows[None], every]
        allowed &= on[:, a] | on[:, b]
    values = problem.values(every)
    fits = allowed & (values[:, 1:] <= limits * (1 + 1e-12)).all(axis=1)
    return float(values[fits, 0].min()) if fits.any() else None
