"""List the options of each layer or group: measured sparsities, some between, their damage."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from prunescope.curves.curve import Curve, Curves
from prunescope.planning.edits import choice_at
from prunescope.planning.solve.conflicts import check_goal, enforce_lower_bounds, lock_of
from prunescope.planning.solve.damages import NOTHING, damages_at, interpolate_damages
from prunescope.planning.solve.goal import Goal
from prunescope.planning.solve.subject import MissingPoint, Option, Subject
from prunescope.study import GroupSummary, Manifest, Method, is_control, sparsity
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice
from prunescope.study.removed_counts import removed_count, removed_units, units_removed

_POSITIONS: Final = 24
"""Options per curve: a curve with fewer points gets interpolated ones between them."""


_PAST: Final = 8
_MOST: Final = 0.99
"""Options past the last measured point where the goal asks for them, up to this sparsity."""


def subjects_of(
    manifest: Manifest, study_curves: Curves, goal: Goal
) -> tuple[tuple[Subject, ...], tuple[MissingPoint, ...]]:
    """Return all subjects in forward order, layers first, and the subjects never measured.

    Raises:
        BadValue: Locks, bounds and exclusions that contradict one another.
        UnknownName: A subject that does not exist.
    """
    check_goal(manifest, goal)
    granularities = {
        key.method.granularity
        for key in study_curves
        if key.recovery == goal.recovery and (not goal.methods or key.method in goal.methods)
    }  # a granularity that was never swept is not reported as missing
    subjects, missing = [], []
    for layer in manifest.prunable():
        curves = curves_for(study_curves, goal, layer.name, grouped=False)
        lock = lock_of(goal, layer.name, grouped=False)
        if not curves and lock is None:
            if granularities - set(UNITS) and layer.name not in goal.excluded:
                missing.append(MissingPoint(layer.name, "weight"))
            continue
        options = _weight_options(layer.parameters, curves, lock, goal)
        subjects.append(_subject(layer.name, False, layer.parameters, options, lock, goal))
    for group in manifest.leaving():
        curves = curves_for(study_curves, goal, group.name, grouped=True)
        lock = lock_of(goal, group.name, grouped=True)
        if not curves and lock is None:
            if group.granularity in granularities and group.name not in goal.excluded:
                missing.append(MissingPoint(group.name, group.granularity))
            continue
        options = _unit_options(group, curves, lock, goal)
        subjects.append(_subject(group.name, True, group.units, options, lock, goal))
    return enforce_lower_bounds(subjects, goal), tuple(missing)


def curves_for(study_curves: Curves, goal: Goal, name: str, grouped: bool) -> list[Curve]:
    """Return the curves that may be used for a subject, in the order of the goal's methods."""
    keys = [
        key
        for key in study_curves
        if key.subject == name
        and key.recovery == goal.recovery
        and key.seed in (goal.seed, 0)
        and (key.method.granularity in UNITS) == grouped
        and study_curves[key].points
    ]
    lock = lock_of(goal, name, grouped)
    if goal.methods:
        method_rank = {method: rank for rank, method in enumerate(goal.methods)}
        keys = [
            key for key in keys if key.method in method_rank or (lock and key.method == lock.method)
        ]
        keys.sort(key=lambda key: method_rank.get(key.method, len(method_rank)))
    else:
        keys = [
            key
            for key in keys
            if not is_control(key.method.criterion) or (lock and key.method == lock.method)
        ]
    keys = [key for key in keys if not is_control(key.method.criterion) or key.seed == goal.seed]
    return [study_curves[key] for key in keys]


def _weight_options(
    total: int, curves: Sequence[Curve], lock: Choice | None, goal: Goal
) -> list[Option]:
    """Measured sparsities of a layer and some between them, or the locked one alone.

    Where the goal goes past what was measured, some larger ones too.
    """
    if lock is not None:
        damages = damages_at(_locked_curve(curves, lock), lock.sparsity)
        return [Option(lock, removed_count(total, lock.sparsity), damages)]
    options = []
    for curve in curves:
        values = [point.sparsity for point in curve.points]
        if ":" not in curve.key.method.granularity:
            if goal.between:
                values = [sparsity(value) for value in _with_points_between(values)]
            if goal.extrapolate:
                values += [sparsity(value) for value in _past(curve.reach, _MOST)]
        shares = [removed_count(total, value) / total for value in values]
        options += [
            Option(choice_at(curve.key.method, value), removed_count(total, value), damages)
            for value, damages in zip(values, interpolate_damages(curve, shares), strict=True)
        ]
    return options


def _unit_options(
    group: GroupSummary, curves: Sequence[Curve], lock: Choice | None, goal: Goal
) -> list[Option]:
    """Options in whole units that keep a multiple, up to the last measured point or as asked."""
    if lock is not None:
        removed = units_removed(group, lock.sparsity)
        return [
            Option(lock, removed, damages_at(_locked_curve(curves, lock), removed / group.units))
        ]
    options, multiple = [], goal.round_to
    for curve in curves if group.granularity == BLOCK else ():
        (damages,) = interpolate_damages(curve, [1.0])
        options.append(Option(choice_at(curve.key.method, 1.0), 1, damages))
    for curve in curves if group.granularity != BLOCK else ():
        measured = [float(point.removed) for point in curve.points]
        removals = _with_points_between(measured) if goal.between else measured
        reach = max(measured, default=0)
        if goal.extrapolate:
            reach = group.units - 1
            removals = [*removals, *_past(max(measured, default=0), reach)]
        counts: set[int] = set()
        for units_left in (group.units - value for value in removals):
            counts |= {
                group.units - side
                for side in (
                    int(units_left // multiple) * multiple,
                    int(-(-units_left // multiple)) * multiple,
                )
            }
        counts = {count for count in counts if 0 < count <= min(reach, group.units - 1)}
        shares = [count / group.units for count in sorted(counts)]
        for share, damages in zip(shares, interpolate_damages(curve, shares), strict=True):
            choice, removed = (
                choice_at(curve.key.method, sparsity(share)),
                round(share * group.units),
            )
            if removed_units(group.units, choice.sparsity) == removed:  # four digits may not tell
                options.append(Option(choice, removed, damages))
    return options


def _with_points_between(values: Sequence[float]) -> list[float]:
    """``values``, ascending, with evenly spaced ones between neighbours, ``_POSITIONS`` in all."""
    if not values:
        return []
    more = max(_POSITIONS // len(values), 1)
    ends = [0.0, *values]
    pieces = [np.linspace(a, b, more + 1)[1:] for a, b in pairwise(ends)]
    return sorted({float(value) for value in np.concatenate(pieces)} | set(values))


def _past(start: float, end: float) -> list[float]:
    """Evenly spaced values past ``start`` up to ``end``; none where it is not smaller."""
    return np.linspace(start, end, _PAST + 1)[1:].tolist() if start < end else []


def _locked_curve(curves: Sequence[Curve], lock: Choice) -> Curve | None:
    return next((curve for curve in curves if curve.key.method == lock.method), None)


def _subject(
    name: str, grouped: bool, total: int, options: list[Option], lock: Choice | None, goal: Goal
) -> Subject:
    if lock is not None:
        return Subject(name, grouped, total, tuple(options), locked=True)
    method = options[0].choice.method if options else Method("magnitude")
    dense = Option(Choice(method.criterion, 0.0, method.granularity), 0, NOTHING)
    low, high = goal.bounds.get(name, (0.0, 1.0))
    if name in goal.excluded:
        high = 0.0
    allowed = [dense, *(option for option in options if low <= option.choice.sparsity <= high)]
    return Subject(name, grouped, total, tuple(allowed), locked=len(allowed) == 1)
