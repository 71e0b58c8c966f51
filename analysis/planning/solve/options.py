"""What each layer or group may become: measured sparsities, their damage, and the rules kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.curves import Curve, CurveKey, Curves
from analysis.errors import BadValue, UnknownName
from analysis.planning.counts import UNITS, real_sparsity, removed_count, removed_units
from analysis.planning.edits import fitting
from analysis.planning.plan import Choice
from analysis.planning.solve.goal import Goal
from analysis.study import GroupSummary, Manifest, Method, is_control, sparsity


@dataclass(frozen=True)
class Option:
    """One thing that a subject may become.

    Attributes:
        choice: Method and sparsity.
        removed: Weights zeroed, or units that leave.
        damages: Divergence, cross-entropy increase and drop of this choice alone, each not
            below that of a smaller sparsity by the same method, so that a late lucky point gains
            nothing; NaN where the study has none.
    """

    choice: Choice
    removed: int
    damages: Mapping[str, float]


@dataclass(frozen=True)
class Subject:
    """One decision: a layer whose weights may be zeroed, or a group whose units may leave.

    Attributes:
        name: Of the layer or group; both can have the same.
        grouped: Whether units leave.
        total: Weights or units that there are.
        options: The dense one first, unless a bound or lock rules it out.
        locked: Whether there is no choice.
    """

    name: str
    grouped: bool
    total: int
    options: tuple[Option, ...]
    locked: bool = False


@dataclass(frozen=True)
class MissingPoint:
    """A subject that the solver cannot change, because nothing of it was measured."""

    subject: str
    granularity: str


def subjects_of(
    manifest: Manifest, known: Curves, goal: Goal
) -> tuple[tuple[Subject, ...], tuple[MissingPoint, ...]]:
    """Return all decisions in forward order, layers first, and what was never measured.

    Raises:
        BadValue: Locks, bounds and exclusions that contradict one another.
        UnknownName: A subject that does not exist.
    """
    _check(manifest, goal)
    granularities = {
        key.method.granularity
        for key in known
        if key.recovery == goal.recovery and (not goal.methods or key.method in goal.methods)
    }  # what was never swept at all is not missing, it is not asked for
    found, missing = [], []
    for layer in manifest.prunable():
        curves = _curves(known, goal, layer.name, grouped=False)
        lock = _lock(goal, layer.name, grouped=False)
        if not curves and lock is None:
            if granularities - set(UNITS) and layer.name not in goal.excluded:
                missing.append(MissingPoint(layer.name, "weight"))
            continue
        options = [
            Option(p.choice, removed_count(layer.parameters, p.choice.sparsity), p.damages)
            for p in _points(curves, lock)
        ]
        found.append(_subject(layer.name, False, layer.parameters, options, lock, goal))
    for group in manifest.removable():
        curves = _curves(known, goal, group.name, grouped=True)
        lock = _lock(goal, group.name, grouped=True)
        if not curves and lock is None:
            if group.granularity in granularities and group.name not in goal.excluded:
                missing.append(MissingPoint(group.name, group.granularity))
            continue
        options = _unit_options(group, curves, lock, goal.round_to)
        found.append(_subject(group.name, True, group.units, options, lock, goal))
    return tuple(found), tuple(missing)


@dataclass(frozen=True)
class _Point:
    choice: Choice
    damages: Mapping[str, float]


def _points(curves: Sequence[Curve], lock: Choice | None) -> list[_Point]:
    """The measured points of a layer, or the locked one alone."""
    if lock is not None:
        curve = next((each for each in curves if each.key.method == lock.method), None)
        return [_Point(lock, damages_at(curve, lock.sparsity))]
    found = []
    for curve in curves:
        damages = _monotone(curve)
        found += [
            _Point(
                fitting(curve.key.method, point.sparsity),
                {name: values[place] for name, values in damages.items()},
            )
            for place, point in enumerate(curve.points)
        ]
    return found


def _unit_options(
    group: GroupSummary, curves: Sequence[Curve], lock: Choice | None, multiple: int
) -> list[Option]:
    """Whole units within what was measured, so that a multiple of ``multiple`` is kept."""
    if lock is not None:
        removed = removed_units(group.units, lock.sparsity)
        curve = next((each for each in curves if each.key.method == lock.method), None)
        return [Option(lock, removed, damages_at(curve, removed / group.units))]
    found = []
    for curve in curves:
        reach = max((point.removed for point in curve.points), default=0)
        table = _table(curve)
        counts: set[int] = set()
        for point in curve.points:
            kept = group.units - point.removed
            counts |= {
                group.units - side
                for side in (kept // multiple * multiple, -(-kept // multiple) * multiple)
            }
        for removed in sorted(counts):
            choice = fitting(curve.key.method, sparsity(removed / group.units))
            if not 0 < removed <= min(reach, group.units - 1):
                continue
            if removed_units(group.units, choice.sparsity) == removed:  # four digits may not tell
                found.append(Option(choice, removed, _read(table, removed / group.units)))
    return found


def _subject(
    name: str, grouped: bool, total: int, options: list[Option], lock: Choice | None, goal: Goal
) -> Subject:
    if lock is not None:
        return Subject(name, grouped, total, tuple(options), locked=True)
    method = options[0].choice.method if options else Method("magnitude")
    nothing = {"divergence": 0.0, "cross-entropy": 0.0, "drop": 0.0}
    dense = Option(Choice(method.criterion, 0.0, method.granularity), 0, nothing)
    low, high = goal.bounds.get(name, (0.0, 1.0))
    if name in goal.excluded:
        high = 0.0
    kept = [each for each in (dense, *options) if low <= each.choice.sparsity <= high]
    if not kept:
        raise BadValue(
            f"Expected a measured sparsity of {name} within its bounds {low:g} to {high:g}, but "
            "there is none. Widen the bounds or measure sparsities within them."
        )
    return Subject(name, grouped, total, tuple(kept), locked=len(kept) == 1)


def _curves(known: Curves, goal: Goal, name: str, grouped: bool) -> list[Curve]:
    """The curves that may be used for a subject, in the order of the goal's methods."""
    keys = [
        key
        for key in known
        if key.subject == name
        and key.recovery == goal.recovery
        and key.seed in (goal.seed, 0)
        and (key.method.granularity in UNITS) == grouped
        and known[key].points
    ]
    lock = _lock(goal, name, grouped)
    if goal.methods:
        wanted = {method: place for place, method in enumerate(goal.methods)}
        keys = [key for key in keys if key.method in wanted or (lock and key.method == lock.method)]
        keys.sort(key=lambda key: wanted.get(key.method, len(wanted)))
    else:
        keys = [
            key
            for key in keys
            if not is_control(key.method.criterion) or (lock and key.method == lock.method)
        ]
    keys = [key for key in keys if not is_control(key.method.criterion) or key.seed == goal.seed]
    return [known[key] for key in keys]


def _lock(goal: Goal, name: str, grouped: bool) -> Choice | None:
    """The lock of a subject; a dense one keeps both the layer and the group of that name."""
    lock = goal.locks.get(name)
    if lock is None or (lock.granularity in UNITS) == grouped:
        return lock
    return Choice(lock.criterion, 0.0, "channel" if grouped else "weight", True)


def _monotone(curve: Curve) -> dict[str, list[float]]:
    """Damages per point, each at least 0 and at least that of the point before."""
    raw = {
        "divergence": [point.divergence for point in curve.points],
        "cross-entropy": [point.entropy for point in curve.points],
        "drop": [point.drop for point in curve.points],
    }
    return {
        name: [float(v) for v in np.maximum.accumulate(np.maximum(values, 0.0))]
        for name, values in raw.items()
    }


def damages_at(curve: Curve | None, value: float) -> dict[str, float]:
    """Return the damages at share ``value``, linear between points; NaN without a curve."""
    if value <= 0:
        return {"divergence": 0.0, "cross-entropy": 0.0, "drop": 0.0}
    if curve is None:
        return dict.fromkeys(("divergence", "cross-entropy", "drop"), math.nan)
    return _read(_table(curve), value)


Table = tuple[list[float], dict[str, list[float]]]


def _table(curve: Curve) -> Table:
    """Shares removed and the damages there, from the dense network on."""
    across = [0.0, *(point.share for point in curve.points)]
    return across, {name: [0.0, *values] for name, values in _monotone(curve).items()}


def _read(table: Table, value: float) -> dict[str, float]:
    """Damages at a share between measured ones, linear."""
    across, damages = table
    return {name: float(np.interp(value, across, values)) for name, values in damages.items()}


def _check(manifest: Manifest, goal: Goal) -> None:
    names = {layer.name for layer in manifest.prunable()}
    names |= {group.name for group in manifest.removable()}
    for given in (goal.locks, goal.bounds, goal.excluded):
        for name in given:
            if name not in names:
                raise UnknownName.among("layer or group", name, names)
    for name, choice in goal.locks.items():
        value = real_sparsity(manifest, name, choice)
        if name in goal.excluded and value > 0:
            raise BadValue(
                f"Expected {name} to be either locked at {value:g} or excluded, but it is both. "
                "Take one away."
            )
        low, high = goal.bounds.get(name, (0.0, 1.0))
        if not low <= value <= high:
            raise BadValue(
                f"Expected the lock of {name} within its bounds {low:g} to {high:g}, but it is "
                f"locked at {value:g}. Change the lock or the bounds."
            )
    groups = {
        name: manifest.group(name)
        for name, choice in goal.locks.items()
        if choice.granularity in UNITS and choice.sparsity > 0
    }
    for name, choice in goal.locks.items():
        if choice.granularity in UNITS or choice.sparsity == 0:
            continue
        weight = manifest.layer(name).parameter
        for other, group in groups.items():
            if any(member.parameter == weight for member in group.members):
                raise BadValue(
                    f"Expected locks that do not change the same layer in two ways, but {name} "
                    f"loses weights and {other} units that {name} is coupled with. Unlock one."
                )


def conflicts(manifest: Manifest, subjects: Sequence[Subject]) -> list[tuple[int, int]]:
    """Return the pairs (layer, group) that may not both be pruned: they touch the same weight."""
    layers = {
        manifest.layer(each.name).parameter: place
        for place, each in enumerate(subjects)
        if not each.grouped
    }
    named = {each.name: place for place, each in enumerate(subjects) if not each.grouped}
    found = set()
    for place, each in enumerate(subjects):
        if not each.grouped:
            continue
        touched = {member.parameter for member in manifest.group(each.name).members}
        found |= {(layers[parameter], place) for parameter in touched & layers.keys()}
        if each.name in named:  # a plan holds one choice per name
            found.add((named[each.name], place))
    return sorted(found)


def curve_key(name: str, choice: Choice, goal: Goal) -> CurveKey:
    """Return which curve tells what ``choice`` of subject ``name`` does."""
    seed = goal.seed if is_control(choice.criterion) else 0
    return CurveKey(name, choice.method, goal.recovery, seed)
