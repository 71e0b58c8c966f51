"""Allocations by a simple rule: from one strength to the sparsities of all layers or groups."""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.curves import Curve
from analysis.errors import BadValue
from analysis.planning.counts import UNITS
from analysis.planning.edits import fitting
from analysis.planning.plan import Choice
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

SCORE_OF: Final = {"global-magnitude": "magnitude", "lamp": "lamp"}
"""Rules with one threshold → the score whose quantiles they need."""


def rule_named(name: str, problem: Problem, grouped: bool, levels: Levels | None) -> Rule:
    """Return rule ``name`` of ``BASELINES`` as a function of its strength, 0 to 1.

    Args:
        name: Of the rule.
        problem: Its subjects and curves.
        grouped: Whether units leave.
        levels: For the rules in ``SCORE_OF``.
    """
    manifest = problem.manifest
    names = [s.name for s in problem.subjects if s.grouped == grouped and not s.locked]
    if name == "equal-drop":
        return _equal_drop(problem, names, grouped)
    if name in SCORE_OF:
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
