"""Propose plans worth verifying: at several levels of damage, and different from each other.

A predictor is judged and corrected by verified plans, so these should lose as much as the plans
that people look at, from a third of a point to about ten points, and should prune different layers.
Every plan starts from a random direction (a part of the subjects, each with a random share) and is
scaled until the added drops reach its level; of several directions the one is taken whose shares
are farthest from those of the plans before it (a maximin design).

Source: maximin designs: Johnson, Moore and Ylvisaker 1990.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from prunescope.commands import next_steps
from prunescope.curves.curve import Curve, Curves
from prunescope.errors import BadValue
from prunescope.study import Manifest, is_control, sparsity
from prunescope.study.method import UNITS, is_single
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import real_sparsity

LEVELS: Final = (0.003, 0.1)
"""Smallest and largest added drop of a proposed plan, absolute."""

_DIRECTIONS: Final = 12
_STEPS: Final = 30
_LEAST: Final = 0.3
"""Of the way to the last points, at least, where even those lose less than a plan should."""

_ROUNDS: Final = 5
"""Draws per plan asked for, after which there are taken to be no more different ones."""


def propose_verifications(
    manifest: Manifest,
    study_curves: Curves,
    count: int,
    recovery: str = "none",
    seed: int = 0,
    levels: tuple[float, float] = LEVELS,
) -> tuple[Plan, ...]:
    """Return ``count`` plans whose verification shows best how choices combine.

    Every plan is covered by what was measured and prunes two subjects or more, so that it counts
    as soon as it is verified. There are fewer than asked for only where the measured sparsities do
    not allow as many different plans.

    Args:
        manifest: Of the study.
        study_curves: All measured curves; a random criterion is left out where there is another.
        count: How many.
        recovery: Of the plans: only curves measured with it count.
        seed: Other seeds give other plans; the same one always the same.
        levels: Smallest and largest sum of the parts' drops.

    Raises:
        BadValue: Fewer than two layers or groups have curves with this recovery.
    """
    families = [family for family in _families(study_curves, recovery) if len(family) > 1]
    if not families:
        raise BadValue(
            f"Expected measured curves of at least two layers or groups with recovery {recovery}, "
            "but the study has none. Measure them: "
            f"{next_steps.measure_curves(recovery)}."
        )
    generator = np.random.default_rng([seed, *manifest.fingerprint.encode()])
    targets = np.geomspace(*levels, count) if count > 1 else np.array([levels[0]])
    shares: dict[int, list[np.ndarray]] = {}
    plans: dict[str, Plan] = {}
    order = np.argsort(generator.random(count))
    for attempt in range(_ROUNDS * count):
        if len(plans) == count:
            break
        place = attempt if attempt < count else int(generator.integers(count))
        family = attempt % len(families)
        before = shares.setdefault(family, [])
        candidates = [
            _draw_plan(families[family], float(targets[order[place]]), generator, manifest)
            for _ in range(_DIRECTIONS)
        ]
        candidates.sort(key=lambda candidate: _distance(candidate[1], before), reverse=True)
        for choices, share in candidates:
            plan = Plan(f"calibration {len(plans) + 1}", manifest.fingerprint, choices, recovery)
            if len(choices) > 1 and plan.digest not in plans:
                before.append(share)
                plans[plan.digest] = plan
                break
    return tuple(plans.values())


def _families(study_curves: Curves, recovery: str) -> list[dict[str, list[Curve]]]:
    """Subject → curves, once for weights and once for units: plans do not mix them."""
    families: list[dict[str, list[Curve]]] = []
    for units in (False, True):
        family: dict[str, list[Curve]] = {}
        for key, curve in study_curves.items():
            fits = key.recovery == recovery and key.seed == 0 and bool(curve.points)
            if fits and (key.method.granularity in UNITS) == units:
                family.setdefault(key.subject, []).append(curve)
        for subject, curves in family.items():
            chosen = [
                subject_curve
                for subject_curve in curves
                if not is_control(subject_curve.key.method.criterion)
            ]
            family[subject] = chosen or curves
        families.append(family)
    return families


def _draw_plan(
    family: Mapping[str, Sequence[Curve]],
    target: float,
    generator: np.random.Generator,
    manifest: Manifest,
) -> tuple[dict[str, Choice], np.ndarray]:
    """A plan whose parts' drops add up to about ``target``, and each subject's share of them."""
    curves = [
        subject_curves[int(generator.integers(len(subject_curves)))]
        for subject_curves in family.values()
    ]
    included = generator.random(len(curves)) < generator.uniform(0.4, 1.0)
    pair = generator.choice(len(curves), 2, replace=False)
    included[pair] = True  # a single part is known already
    direction = np.where(included, generator.uniform(0.2, 1.0, len(curves)), 0.0)

    def at(scale: float) -> list[float]:
        return [
            min(float(component) * scale, curve.reach)
            for component, curve in zip(direction, curves, strict=True)
        ]

    def drops(values: Sequence[float]) -> np.ndarray:
        part_drops = [c.drop_at(v).mean for c, v in zip(curves, values, strict=True)]
        return np.array(part_drops).clip(0.0)

    low, high = 0.0, 1 / float(direction[included].min())
    if drops(at(high)).sum() < target:  # so little hurts: any other plan, not the same one again
        low = high = high * float(generator.uniform(_LEAST, 1.0))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if drops(at(middle)).sum() < target else (low, middle)
    values = at(high)
    choices = {}
    for curve, value in zip(curves, values, strict=True):
        method = curve.key.method
        feasible = _feasible_sparsity(manifest, curve, value) if value > 0 else 0.0
        if feasible > 0:
            choices[curve.key.subject] = Choice(method.criterion, feasible, method.granularity)
    part_drops = drops(values)
    return choices, part_drops / max(float(part_drops.sum()), 1e-9)


def _feasible_sparsity(manifest: Manifest, curve: Curve, value: float) -> float:
    """The nearest sparsity that a plan can have: a pattern's only one, or a whole unit count."""
    method = curve.key.method
    if is_single(method.granularity):
        return curve.points[0].sparsity if value >= curve.points[0].sparsity / 2 else 0.0
    rounded = min(max(round(value, 3), 0.001), curve.reach)  # past it nothing was measured
    choice = Choice(method.criterion, sparsity(rounded), method.granularity)
    return real_sparsity(manifest, curve.key.subject, choice)


def _distance(share: np.ndarray, before: Sequence[np.ndarray]) -> float:
    return min((float(np.abs(share - earlier).sum()) for earlier in before), default=0.0)
