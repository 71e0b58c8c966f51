"""Change one or two subjects at a time: back within budgets, then as far as budgets allow."""

from typing import Final

import numpy as np

from prunescope.arrays import Flags, Floats, Indices
from prunescope.planning.solve.problem import Problem

_TOLERANCE: Final = 1e-12
_FEW: Final = 64
"""Single moves of each kind that are paired."""


def within(values: Floats, limits: Floats) -> Flags:
    """Return whether ``values`` (..., kinds) keep all limits but for the last bits of a sum."""
    return np.asarray((values[..., 1:] <= limits * (1 + _TOLERANCE)).all(axis=-1), bool)


def repair(problem: Problem, chosen: Indices, limits: Floats, steps: int = 400) -> Indices | None:
    """Return an assignment within ``limits``: cheapest objective per excess removed, step by step.

    None where single moves do not get there.
    """
    chosen = chosen.copy()
    scale = np.maximum(limits, 1e-300)[:, None, None]
    for _ in range(steps):
        now = problem.values(chosen)
        if within(now, limits):
            return chosen
        change = problem.moves(chosen)
        before = np.maximum(now[1:, None, None] - limits[:, None, None], 0) / scale
        after = np.maximum(now[1:, None, None] + change[1:] - limits[:, None, None], 0) / scale
        less = (before - after).sum(axis=0)
        useful = (less > 1e-15) & np.isfinite(change[0])
        if not useful.any():
            return None
        price = np.where(useful, np.maximum(change[0], 1e-12) / np.where(useful, less, 1), np.inf)
        subject, option = np.unravel_index(int(price.argmin()), price.shape)
        chosen[subject] = option
    return None


def improve(
    problem: Problem,
    chosen: Indices,
    limits: Floats,
    steps: int = 80,
    enough: float = -np.inf,
) -> Indices:
    """Return an assignment within ``limits`` that no better single or paired move improves.

    Args:
        problem: Its objective is made smaller.
        chosen: Within the limits; not modified.
        limits: Absolute, per target.
        steps: Most moves.
        enough: Objective at which no more pairs are tried.
    """
    chosen = chosen.copy()
    for _ in range(steps):
        now = problem.values(chosen)
        change = problem.moves(chosen)
        fits = within(np.moveaxis(now[:, None, None] + change, 0, -1), limits)
        gain = np.where(fits, change[0], np.inf)
        flat_index = int(gain.argmin())
        if gain.flat[flat_index] < -1e-15:
            chosen[flat_index // gain.shape[1]] = flat_index % gain.shape[1]
            continue
        if now[0] <= enough:
            break
        swap = _swap(problem, chosen, now, change, limits)
        if swap is None:
            break
        for subject, option in swap:
            chosen[subject] = option
    return chosen


def _swap(
    problem: Problem, chosen: Indices, now: Floats, change: Floats, limits: Floats
) -> list[tuple[int, int]] | None:
    """The best pair of moves, one that gains and one that pays for it; None when none gains."""
    objective = change[0]
    finite = np.isfinite(objective)
    slack = (limits - now[1:]) / np.maximum(limits, 1e-300)
    tight = 1 + int(slack.argmin())
    gains = _lowest(np.where(finite & (objective < -1e-15), objective, np.inf))
    frees = finite & (change[tight] < 0)
    worth = np.where(frees, np.maximum(objective, 1e-15) / np.where(frees, -change[tight], 1), 0)
    pays = np.union1d(
        _lowest(np.where(frees, objective, np.inf)), _lowest(np.where(frees, worth, np.inf))
    )
    if not len(gains) or not len(pays):
        return None
    width = objective.shape[1]
    a, b = gains // width, pays // width
    flat = change.reshape(len(change), -1)
    both = flat[:, gains, None] + flat[:, None, pays]
    if len(problem.pairs):
        moved = problem.units - problem.units[np.arange(len(chosen)), chosen][:, None]
        steps = moved.ravel()
        both = both + problem.coupling[:, a[:, None], b[None]] * (
            steps[gains][:, None] * steps[pays][None]
        )
    fits = within(np.moveaxis(now[:, None, None] + both, 0, -1), limits)
    fits &= a[:, None] != b[None]
    active = problem.active.ravel()
    for one, two in problem.conflicts:
        conflicting = ((a[:, None] == one) & (b[None] == two)) | (
            (a[:, None] == two) & (b[None] == one)
        )
        fits &= ~(conflicting & active[gains][:, None] & active[pays][None])
    total = np.where(fits, both[0], np.inf)
    flat_index = int(total.argmin())
    if not total.flat[flat_index] < -1e-15:
        return None
    first, second = np.unravel_index(flat_index, total.shape)
    return [divmod(int(gains[first]), width), divmod(int(pays[second]), width)]


def _lowest(values: Floats) -> Indices:
    """Flat indices of the few lowest finite values."""
    flat = values.ravel()
    few = np.argpartition(flat, min(_FEW, flat.size - 1))[:_FEW]
    places: Indices = few[np.isfinite(flat[few])]
    return places
