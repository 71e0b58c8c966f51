"""Allocations by a simple rule, to the same budgets, for comparison with solved plans.

Every rule has one number that makes all layers sparser together; it is searched for the least
pruning that keeps every budget.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.curves import Curve
from analysis.errors import BadValue, CannotReach, UnknownName
from analysis.planning.counts import UNITS
from analysis.planning.edits import fitting
from analysis.planning.plan import Choice, Plan
from analysis.planning.preview import preview
from analysis.planning.solve.goal import DAMAGES
from analysis.planning.solve.problem import Problem
from analysis.study import Manifest, Method, is_control, sparsity

Levels = Mapping[str, npt.NDArray[np.float64]]
Rule = Callable[[float], dict[str, Choice]]

BASELINES: Final[dict[str, str]] = {
    "uniform": "The same sparsity everywhere.",
    "erk": "Density in proportion to (in + out + kernel) / (in · out · kernel), at most 1.",
    "equal-drop": "Each as far as its own drop stays within one limit.",
    "global-magnitude": "One threshold over the magnitudes of all layers.",
    "lamp": "One threshold over w² / (sum of the w² of its layer that are not smaller).",
}
"""Rules: name → what it does."""

_HALVINGS: Final = 40


def baseline(
    name: str,
    problem: Problem,
    levels: Levels | None = None,
    given: Mapping[str, float] | None = None,
) -> Plan:
    """Return the plan of rule ``name`` that removes least within the problem's budgets.

    Units leave where a budget cannot be met by zeroing weights (dense bytes, MACs, latency) or
    where only units were measured; else weights are zeroed. Locks, bounds and exclusions hold.

    Args:
        name: A key of ``BASELINES``.
        problem: Its goal's targets are the budgets.
        levels: For the rules with one threshold, as from ``analysis.store.quantiles.levels``.
        given: Target kind → limit in place of the goal's.

    Raises:
        UnknownName: No such rule.
        BadValue: A threshold without stored quantiles.
        CannotReach: Even the most pruning of this rule exceeds a budget.
    """
    if name not in BASELINES:
        raise UnknownName.among("baseline", name, BASELINES)
    grouped = units_leave(problem)
    rule = _rule(name, problem, grouped, levels)
    limits = dict(zip(problem.kinds[1:], problem.limits(given), strict=True))

    def made(strength: float) -> Plan:
        goal = problem.goal
        choices = {
            subject: _bounded(problem, subject, choice)
            for subject, choice in rule(strength).items()
            if subject not in goal.excluded and subject not in goal.locks
        }
        return Plan(
            name, problem.manifest.fingerprint, {**choices, **goal.locks}, goal.recovery, goal.seed
        )

    def fits(strength: float) -> bool:
        return all(
            value <= limits[kind] * (1 + 1e-12)
            for kind, value in plan_costs(problem, made(strength)).items()
            if kind not in DAMAGES
        )

    if not fits(1.0):
        most = plan_costs(problem, made(1.0))
        reached = ", ".join(
            f"{kind} {100 * most[kind] / problem.dense[problem.kinds.index(kind, 1)]:.3g} %"
            for kind in most
            if kind not in DAMAGES
        )
        raise CannotReach(
            f"Expected a budget that the baseline {name} can meet, but at the most it reaches "
            f"{reached} of dense. Raise the target or unlock some layers."
        )
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return made(high)


def units_leave(problem: Problem) -> bool:
    """Return whether a baseline of the problem removes units rather than zeroes weights."""
    grouped = any(subject.grouped and len(subject.options) > 1 for subject in problem.subjects)
    zeroed = any(not s.grouped and len(s.options) > 1 for s in problem.subjects)
    solid = {"stored", "bytes", "macs", "latency", "memory"} & set(problem.kinds[1:])
    return grouped and (bool(solid) or not zeroed)


def plan_costs(problem: Problem, plan: Plan) -> dict[str, float]:
    """Return every targeted cost of any plan, made of the problem's options or not."""
    found = preview(problem.manifest, plan, problem.known)
    counted: dict[str, float] = {
        "parameters": found.kept, "stored": found.stored, "bytes": found.dense_bytes,
        "sparse-bytes": found.sparse_bytes, "compressed-bytes": found.compressed_bytes,
        "macs": found.macs, "nonzero-macs": found.nonzero_macs,
    }  # fmt: skip
    groups = problem.manifest.groups
    units = np.array([[float(found.units.get(group.name, 0)) for group in groups]])
    counted |= {kind: float(box(units)[0]) for kind, box in problem.boxes.items()}
    return {kind: counted[kind] for kind in problem.kinds[1:] if kind in counted}


def _rule(name: str, problem: Problem, grouped: bool, levels: Levels | None) -> Rule:
    manifest = problem.manifest
    names = [s.name for s in problem.subjects if s.grouped == grouped and not s.locked]
    if name == "equal-drop":
        return _equal_drop(problem, names, grouped)
    if name in ("global-magnitude", "lamp"):
        if not levels or not set(names) <= levels.keys():
            raise BadValue(
                f"Expected the study to hold score quantiles for the baseline {name}, but it has "
                "none of every layer. Read them off the weights: prunescope plan STUDY "
                f"--baseline {name} --target …"
            )
        return _threshold({each: levels[each] for each in names}, _by_weight(problem, grouped))
    by = _first_method(problem, grouped)
    methods = {each: by.get(each, _by_weight(problem, grouped)) for each in names}
    if name == "uniform":
        return lambda strength: {
            each: fitting(methods[each], sparsity(min(strength, 1.0))) for each in names
        }
    raw = {each: _erk(manifest, each, grouped) for each in names}
    top = 1 / min(raw.values(), default=1.0)
    return lambda strength: {
        each: fitting(methods[each], sparsity(1 - min(1.0, raw[each] * top * (1 - strength))))
        for each in names
    }


def _erk(manifest: Manifest, name: str, grouped: bool) -> float:
    """Relative density of a layer, or of a group by its first producer.

    Source: Evci et al. 2020 (arXiv 1911.11134), as in the code of LAMP: layers that would exceed
    1 stay dense.
    """
    layer = manifest.layer(name) if not grouped else None
    if layer is None:
        group = manifest.group(name)
        parameter = next(
            (m.parameter for m in group.members if m.role == "producer"), group.members[0].parameter
        )
        shape = next(t.shape for t in manifest.tensors if t.name == parameter)
    else:
        shape = layer.shape
    return sum(shape) / math.prod(shape)


def _threshold(levels: Levels, method: Method) -> Rule:
    """Everything below one score leaves; the threshold runs through all stored scores."""
    every = np.unique(np.concatenate([np.zeros(1), *levels.values()]))

    def rule(strength: float) -> dict[str, Choice]:
        score = float(np.interp(strength * (len(every) - 1), np.arange(len(every)), every))
        return {
            name: fitting(method, sparsity(_share(values, score)))
            for name, values in levels.items()
        }

    return rule


def _share(values: npt.NDArray[np.float64], score: float) -> float:
    """The share of scores below ``score``, linear between stored quantiles."""
    place = int(np.searchsorted(values, score, side="right"))
    if place == 0:
        return 0.0
    if place == len(values):
        return 1.0
    low, high = values[place - 1], values[place]
    return float((place - 1 + (score - low) / (high - low)) / (len(values) - 1))


def _equal_drop(problem: Problem, names: list[str], grouped: bool) -> Rule:
    """Per subject the largest sparsity whose drop, and every smaller one's, is within a limit."""
    curves: dict[str, list[Curve]] = {name: [] for name in names}
    allowed = {
        (subject.name, option.choice.method)
        for subject in problem.subjects
        if subject.grouped == grouped
        for option in subject.options
        if option.removed
    }
    for key, curve in problem.known.items():
        if (
            key.subject in curves
            and (key.method.granularity in UNITS) == grouped
            and key.recovery == problem.goal.recovery
            and (key.subject, key.method) in allowed
        ):
            curves[key.subject].append(curve)
    steps = sorted(
        {
            max(point.drop, 0.0)
            for each in curves.values()
            for curve in each
            for point in curve.points
        }
    )

    def rule(strength: float) -> dict[str, Choice]:
        limit = float(np.interp(strength * len(steps), np.arange(len(steps) + 1), [0.0, *steps]))
        found = {}
        for name, own in curves.items():
            reached = [(_reach(curve, limit), curve.key.method) for curve in own]
            if reached:
                value, method = max(reached, key=lambda pair: pair[0])
                found[name] = fitting(method, sparsity(value))
        return found

    return rule


def _reach(curve: Curve, limit: float) -> float:
    """How far a curve goes within ``limit``, linear between points; the first past it ends it."""
    before, drop = 0.0, 0.0
    for point in curve.points:
        now = max(point.drop, drop)
        if now > limit:
            part = (limit - drop) / (now - drop) if now > drop else 0.0
            return before + part * (point.share - before)
        before, drop = point.share, now
    return before


def _first_method(problem: Problem, grouped: bool) -> dict[str, Method]:
    """Per subject the method measured first, the goal's order first."""
    usual = _by_weight(problem, grouped)
    found: dict[str, Method] = {}
    for key in problem.known:
        if key.recovery != problem.goal.recovery or (key.method.granularity in UNITS) != grouped:
            continue
        if problem.goal.methods and key.method not in problem.goal.methods:
            continue
        if not is_control(key.method.criterion) and ":" not in key.method.granularity:
            known = found.get(key.subject)
            if known is None or key.method == usual:
                found[key.subject] = key.method
    return found


def _by_weight(problem: Problem, grouped: bool) -> Method:
    """The method that scores as the thresholds do."""
    if not grouped:
        return Method("magnitude")
    kinds = [problem.manifest.group(s.name).granularity for s in problem.subjects if s.grouped]
    return Method("l1", kinds[0] if kinds else "channel")


def _bounded(problem: Problem, name: str, choice: Choice) -> Choice:
    """Within the goal's bounds, and a multiple of units kept."""
    low, high = problem.goal.bounds.get(name, (0.0, 1.0))
    value = min(max(choice.sparsity, low), high)
    if choice.granularity in UNITS and problem.goal.round_to > 1:
        units = problem.manifest.group(name).units
        multiple = problem.goal.round_to
        kept = min(units, max(round(units * (1 - value) / multiple), 1) * multiple)
        value = 1 - kept / units
    return Choice(choice.criterion, sparsity(value), choice.granularity, choice.locked)
