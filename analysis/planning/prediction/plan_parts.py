"""Split a plan into its parts with their curves, and the gaps that no measurement covers."""

from dataclasses import dataclass

from prunescope.commands import Sweep
from prunescope.curves.curve import Curve, CurveKey, Curves
from prunescope.study import SEEDS, Grid, Manifest, Method
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import real_sparsity
from prunescope.study.void_choices import void_choices


@dataclass(frozen=True)
class Gap:
    """A part of a plan that no measurement covers.

    Attributes:
        subject: Layer or group.
        reason: What is missing, for people.
        beyond: Whether it was measured, but not up to this sparsity.
        method: By which the plan prunes it.
        sparsity: To which the plan prunes it.
    """

    subject: str
    reason: str
    beyond: bool = False
    method: str = ""
    sparsity: float = 0.0


@dataclass(frozen=True)
class Part:
    """One pruned layer or group of a plan, with its curve."""

    subject: str
    sparsity: float
    curve: Curve


def parts_of(
    plan: Plan, study_curves: Curves, manifest: Manifest
) -> tuple[list[Part], tuple[Gap, ...]]:
    """Return the plan's parts in forward order, and what no measurement covers.

    A part that was measured, but not up to its sparsity, is both a part and a gap; what leaves
    with a block of the plan is neither.
    """
    parts, missing = [], []
    void = void_choices(manifest, plan.active())
    for subject, choice in plan.active().items():
        if subject in void:
            continue
        curve = study_curves.get(CurveKey(subject, choice.method, plan.recovery, plan.seed))
        value = real_sparsity(manifest, subject, choice)
        method = str(choice.method)
        if curve is None or not curve.points:
            missing.append(Gap(subject, f"no measurement by {choice.method}", False, method, value))
            continue
        parts.append(Part(subject, value, curve))
        if value > curve.reach:
            reason = f"measured only up to {curve.reach:g}"
            missing.append(Gap(subject, reason, True, method, value))
    order = {name: place for place, name in enumerate(_forward(manifest))}
    parts.sort(key=lambda part: order.get(part.subject, len(order)))
    return parts, tuple(missing)


def missing_sweeps(plan: Plan, gaps: tuple[Gap, ...]) -> tuple[Sweep, ...]:
    """Return the sweeps that measure exactly the points that ``gaps`` lack, one for each method.

    >>> from prunescope.study.plan import Plan
    >>> gap = Gap("conv1", "no measurement", False, "taylor", 0.5)
    >>> [sweep.line() for sweep in missing_sweeps(Plan("p", "f"), (gap,))]
    ['prunescope sweep --study STUDY --methods taylor --sparsities 0.5 --layers conv1']
    """
    sweeps = []
    for method in dict.fromkeys(gap.method for gap in gaps):
        own = [gap for gap in gaps if gap.method == method]
        sweeps.append(
            Sweep.of(
                Grid(
                    (Method.parse(method),),
                    tuple(gap.sparsity for gap in own),
                    tuple(dict.fromkeys(gap.subject for gap in own)),
                    (plan.recovery,),
                    (plan.seed,) if plan.seed else SEEDS,
                )
            )
        )
    return tuple(sweeps)


def _forward(manifest: Manifest) -> list[str]:
    """Layers and groups in forward order: a group comes with the layer that makes its units."""
    names = [layer.name for layer in manifest.layers]
    return list(dict.fromkeys([*names, *(group.name for group in manifest.groups)]))
