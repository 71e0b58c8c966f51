"""Simple allocation rules: from one strength to the sparsities of all layers or groups."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.commands import next_steps
from prunescope.curves.curve import Curve
from prunescope.errors import BadValue
from prunescope.planning.baselines.prunable import prunable_subjects
from prunescope.planning.edits import choice_at
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.subject_options import curves_for
from prunescope.study import Manifest, Method, sparsity
from prunescope.study.plan import Choice

Levels = Mapping[str, Floats]
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


def find_rule(name: str, problem: Problem, grouped: bool, levels: Levels | None) -> Rule:
    """Return rule ``name`` of ``BASELINES`` as a function of its strength, 0 to 1.

    Args:
        name: Of the rule.
        problem: Its subjects and curves.
        grouped: Whether units leave.
        levels: For the rules in ``SCORE_OF``.

    Raises:
        BadValue: A threshold without stored quantiles, or by a method that may not be taken.
    """
    names = prunable_subjects(problem, grouped)
    if name == "equal-drop":
        return _equal_drop(problem, names, grouped)
    if name in SCORE_OF:
        scored = {
            subject_name: _score_method(problem, subject_name, grouped) for subject_name in names
        }
        _require_allowed(name, problem, scored.values())
        if not levels or not set(names) <= levels.keys():
            raise BadValue(
                f"Expected the study to hold score quantiles for the baseline {name}, but it has "
                "none of every layer. Read them off the weights: "
                f"{next_steps.plan_baseline(name)}."
            )
        return _threshold({subject_name: levels[subject_name] for subject_name in names}, scored)
    methods = {subject_name: _allowed(problem, subject_name, grouped) for subject_name in names}
    if name == "uniform":
        return lambda strength: {
            subject_name: choice_at(methods[subject_name], sparsity(min(strength, 1.0)))
            for subject_name in names
        }
    raw = {subject_name: _erk(problem.manifest, subject_name, grouped) for subject_name in names}
    top = 1 / min(raw.values(), default=1.0)
    return lambda strength: {
        subject_name: choice_at(
            methods[subject_name], sparsity(1 - min(1.0, raw[subject_name] * top * (1 - strength)))
        )
        for subject_name in names
    }


def _require_allowed(name: str, problem: Problem, methods: Iterable[Method]) -> None:
    """Refuse a rule whose score is that of a method which the goal does not let be taken."""
    allowed_methods = problem.goal.methods
    barred = list(dict.fromkeys(str(method) for method in methods if method not in allowed_methods))
    if allowed_methods and barred:
        others = ", ".join(method for method in BASELINES if method not in SCORE_OF)
        raise BadValue(
            f"Expected a baseline that prunes by {' or '.join(map(str, allowed_methods))}, as no "
            f"other method may be taken, but {name} prunes by {' and '.join(barred)}. Allow "
            f"{' and '.join(barred)} too, or choose another baseline: {others}."
        )


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


def _threshold(levels: Levels, methods: Mapping[str, Method]) -> Rule:
    """Everything below one score leaves; the threshold runs through all stored scores."""
    every = np.unique(np.concatenate([np.zeros(1), *levels.values()]))

    def rule(strength: float) -> dict[str, Choice]:
        score = float(np.interp(strength * (len(every) - 1), np.arange(len(every)), every))
        return {
            name: choice_at(methods[name], sparsity(_share(values, score)))
            for name, values in levels.items()
        }

    return rule


def _share(values: Floats, score: float) -> float:
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
    options = {
        (subject.name, option.choice.method)
        for subject in problem.subjects
        if subject.grouped == grouped
        for option in subject.options
        if option.removed
    }
    curves = {
        name: [
            curve
            for curve in curves_for(problem.curves, problem.goal, name, grouped)
            if (name, curve.key.method) in options
        ]
        for name in names
    }
    steps = sorted(
        {
            max(point.drop, 0.0)
            for subject_curves in curves.values()
            for curve in subject_curves
            for point in curve.points
        }
    )

    def rule(strength: float) -> dict[str, Choice]:
        limit = float(np.interp(strength * len(steps), np.arange(len(steps) + 1), [0.0, *steps]))
        choices = {}
        for name, own in curves.items():
            reached = [(_reach(curve, limit), curve.key.method) for curve in own]
            if reached:
                value, method = max(reached, key=lambda pair: pair[0])
                choices[name] = choice_at(method, sparsity(value))
        return choices

    return rule


def _reach(curve: Curve, limit: float) -> float:
    """The sparsity up to which a curve stays within ``limit``, linear between points.

    An n:m pattern has no sparsity between 0 and its own.
    """
    before, drop = 0.0, 0.0
    for point in curve.points:
        now = max(point.drop, drop)
        if now > limit:
            if ":" in curve.key.method.granularity:
                return before
            part = (limit - drop) / (now - drop) if now > drop else 0.0
            return before + part * (point.share - before)
        before, drop = point.share, now
    return before


def _allowed(problem: Problem, name: str, grouped: bool) -> Method:
    """A method that may be taken: by magnitude if it may, else the first; a pattern comes last."""
    curves = curves_for(problem.curves, problem.goal, name, grouped)
    methods = [curve.key.method for curve in curves]
    usual = _score_method(problem, name, grouped)
    if usual in methods or not methods:
        return usual
    return min(methods, key=lambda method: ":" in method.granularity)


def _score_method(problem: Problem, name: str, grouped: bool) -> Method:
    """The method that scores as the thresholds do."""
    if not grouped:
        return Method("magnitude")
    return Method("l1", problem.manifest.group(name).granularity)
